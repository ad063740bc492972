import Chat
import Kernel
import Testing

/// What a session does, event by event.
@Suite struct LiveSessionTests {
    typealias Action = ChatSession.Action
    static let caller = Caller(tenant: TenantID(), user: UserID(), role: .member)
    static let identity = ChatIdentity(caller: caller, session: UUIDv7())
    let a = RoomID()
    let b = RoomID()

    static func limits() -> ChatSession.Limits {
        var limits = ChatSession.Limits()
        limits.rooms = 2
        limits.waitingSends = 2
        limits.replay = 10
        limits.framesPerSecond = 5
        limits.frameBurst = 10
        return limits
    }

    /// A session that has said hello, at 0 s.
    static func greeted(_ rooms: [ClientFrame.Place] = []) -> ChatSession {
        var session = ChatSession(limits: limits(), at: .zero)
        _ = session.handle(.frame(.hello(token: "t", rooms: rooms)), at: .zero)
        _ = session.handle(.authenticated(identity, validFor: .seconds(60)), at: .zero)
        return session
    }

    /// With room `a` live at `last`.
    func joined(last: Int64 = 3) -> ChatSession {
        var session = Self.greeted()
        _ = session.handle(.frame(.subscribe(.init(room: a))), at: .zero)
        _ = session.handle(.joined(a, ticket: 1, lastSeq: last), at: .zero)
        return session
    }

    static func closes(_ actions: [Action]) -> CloseReason? {
        for case .close(let reason) in actions { return reason }
        return nil
    }

    @Test func `hello comes first, and within its time`() {
        var session = ChatSession(limits: Self.limits(), at: .zero)
        #expect(session.handle(.tick, at: .seconds(9)) == [])
        #expect(Self.closes(session.handle(.tick, at: .seconds(10))) == .idle)
        var other = ChatSession(limits: Self.limits(), at: .zero)
        #expect(Self.closes(other.handle(.frame(.ping), at: .zero))?.code == 4400)
    }

    @Test func `the welcome comes once all rooms of the hello are open, and before what is in them`() {
        var session = ChatSession(limits: Self.limits(), at: .zero)
        #expect(
            session.handle(
                .frame(.hello(token: "t", rooms: [.init(room: a, afterSeq: 1), .init(room: b)])), at: .zero)
                == [.authenticate(token: "t")])
        #expect(
            session.handle(.authenticated(Self.identity, validFor: .seconds(60)), at: .zero) == [
                .join(a, ticket: 1), .join(b, ticket: 2),
            ])
        #expect(session.handle(.joined(a, ticket: 1, lastSeq: 5), at: .zero) == [])
        #expect(session.offer(a, 6).offer == .skip)
        let actions = session.handle(.joined(b, ticket: 2, lastSeq: 9), at: .zero)
        let heads = [ServerFrame.Head(room: a, lastSeq: 5), .init(room: b, lastSeq: 9)]
            .sorted { $0.room.description < $1.room.description }
        #expect(
            actions.first
                == .reply(
                    .welcome(
                        user: Self.caller.user, tenant: Self.caller.tenant, heartbeatSeconds: 25, rooms: heads
                    )))
        #expect(actions.contains(.fetch(a, ticket: 1, after: 1)))
        #expect(actions.contains(.reply(.subscribed(.init(room: b, lastSeq: 9)))))
    }

    @Test func `what comes right behind the hello waits for it, within a bound`() {
        var session = ChatSession(limits: Self.limits(), at: .zero)
        _ = session.handle(.frame(.hello(token: "t", rooms: [])), at: .zero)
        #expect(session.handle(.frame(.subscribe(.init(room: a))), at: .zero) == [])
        #expect(session.handle(.frame(.ping), at: .zero) == [])
        let actions = session.handle(.authenticated(Self.identity, validFor: .seconds(60)), at: .zero)
        if case .reply(.welcome)? = actions.first {
            #expect(actions.dropFirst() == [.join(a, ticket: 1), .reply(.pong)])
        } else {
            Issue.record("no welcome: \(actions)")
        }
        var hasty = ChatSession(limits: Self.limits(), at: .zero)
        _ = hasty.handle(.frame(.hello(token: "t", rooms: [])), at: .zero)
        let ends = (0..<3).map { _ in Self.closes(hasty.handle(.frame(.ping), at: .zero)) }
        #expect(ends == [nil, nil, .flood])
    }

    @Test func `a room that cannot be opened keeps the welcome waiting no longer`() {
        var session = ChatSession(limits: Self.limits(), at: .zero)
        _ = session.handle(.frame(.hello(token: "t", rooms: [.init(room: a)])), at: .zero)
        _ = session.handle(.authenticated(Self.identity, validFor: .seconds(60)), at: .zero)
        let failure = Failure.notFound("room")
        let actions = session.handle(.joinFailed(a, ticket: 1, failure), at: .zero)
        #expect(actions.prefix(2) == [.leave(a), .reply(.error(.init(failure, room: a)))])
        if case .reply(.welcome(_, _, _, let rooms))? = actions.last {
            #expect(rooms.isEmpty)
        } else {
            Issue.record("no welcome: \(actions)")
        }
    }

    @Test func `entries are delivered one after the other, doubles are skipped, a hole is fetched`() {
        var session = joined(last: 3)
        #expect(session.offer(a, 3).offer == .skip)
        #expect(session.offer(a, 4).offer == .deliver)
        #expect(session.offer(a, 4).offer == .skip)
        #expect(session.offer(a, 6).offer == .fetch(after: 4))
        #expect(session.offer(a, 7).offer == .skip)
        #expect(
            session.handle(.page(a, ticket: 1, seqs: 5...6, last: 7), at: .zero) == [
                .deliver(a, 5...6), .fetch(a, ticket: 1, after: 6),
            ])
        #expect(
            session.handle(.page(a, ticket: 1, seqs: 7...7, last: 7), at: .zero) == [.deliver(a, 7...7)])
        #expect(session.offer(a, 8).offer == .deliver)
    }

    @Test func `a run is delivered whole, or nothing of it is taken`() {
        var session = joined(last: 3)
        #expect(session.offer(a, 4...6) == true)
        #expect(session.offer(a, 7...7) == true)
        for seqs in [7...8, 6...9, 9...10] as [ClosedRange<Int64>] {
            #expect(session.offer(a, seqs) == false, "\(seqs)")
        }
        #expect(session.offer(a, 8).offer == .deliver)
        #expect(session.offer(RoomID(), 9...10) == false)
        #expect(session.offer(a, 10).offer == .fetch(after: 8))
        #expect(session.offer(a, 9...10) == false, "the page has them")
        _ = session.handle(.gone, at: .zero)
        #expect(session.offer(a, 9...10) == false)
    }

    @Test func `a page that begins too early is cut, one that cannot be read is a gap`() {
        var session = joined(last: 3)
        _ = session.offer(a, 9)
        #expect(
            session.handle(.page(a, ticket: 1, seqs: 2...6, last: 9), at: .zero).first == .deliver(a, 4...6))
        #expect(
            session.handle(.page(a, ticket: 1, seqs: nil, last: 9), at: .zero) == [
                .reply(.gap(a, fromSeq: 7))
            ])
        #expect(session.offer(a, 10).offer == .deliver)
    }

    @Test func `whoever is far behind is told of a gap and goes on live`() {
        var session = Self.greeted()
        _ = session.handle(.frame(.subscribe(.init(room: a, afterSeq: 5))), at: .zero)
        let actions = session.handle(.joined(a, ticket: 1, lastSeq: 16), at: .zero)
        #expect(actions.contains(.reply(.gap(a, fromSeq: 6))))
        #expect(session.offer(a, 17).offer == .deliver)
    }

    @Test func `a client that knows more than has passed here is told nothing twice`() {
        var session = Self.greeted()
        _ = session.handle(.frame(.subscribe(.init(room: a, afterSeq: 8))), at: .zero)
        _ = session.handle(.joined(a, ticket: 1, lastSeq: 5), at: .zero)
        for seq: Int64 in 6...8 { #expect(session.offer(a, seq).offer == .skip) }
        #expect(session.offer(a, 9).offer == .deliver)
    }

    @Test func `the answer to an earlier joining opens nothing`() {
        var session = Self.greeted()
        _ = session.handle(.frame(.subscribe(.init(room: a))), at: .zero)
        #expect(session.handle(.frame(.unsubscribe(a)), at: .zero) == [.leave(a)])
        #expect(session.handle(.frame(.subscribe(.init(room: a))), at: .zero) == [.join(a, ticket: 2)])
        #expect(session.handle(.joined(a, ticket: 1, lastSeq: 5), at: .zero) == [.release(a)])
        #expect(session.offer(a, 6).offer == .skip)
        #expect(session.handle(.joined(a, ticket: 2, lastSeq: 6), at: .zero).first != .release(a))
        #expect(session.offer(a, 7).offer == .deliver)
    }

    @Test func `messages of one connection are stored one at a time, in order`() {
        var session = joined()
        let drafts = (1...4).map { ClientFrame.Draft(room: a, clientID: "\($0)", body: "x") }
        #expect(session.handle(.frame(.send(drafts[0])), at: .zero) == [.send(drafts[0])])
        #expect(session.handle(.frame(.send(drafts[1])), at: .zero) == [])
        #expect(session.handle(.frame(.send(drafts[2])), at: .zero) == [])
        if case .reply(.error(let refusal))? = session.handle(.frame(.send(drafts[3])), at: .zero).first {
            #expect(refusal.code == "rate_limited" && refusal.clientID == "4")
        } else {
            Issue.record("a fourth message waits")
        }
        let receipt = ServerFrame.Receipt(clientID: "1", room: a, seq: 4, id: MessageID())
        #expect(
            session.handle(.stored(receipt), at: .zero) == [.reply(.acknowledged(receipt)), .send(drafts[1])])
        let failure = Failure.notFound("room")
        #expect(
            session.handle(.notStored(a, clientID: "2", failure), at: .zero) == [
                .reply(.error(.init(failure, room: a, clientID: "2"))), .send(drafts[2]),
            ])
    }

    @Test func `a flood ends the connection, an even stream does not`() {
        var calm = joined()
        for tenth in 0..<100 {
            #expect(Self.closes(calm.handle(.frame(.ping), at: .milliseconds(tenth * 250))) == nil)
        }
        var flooding = joined()
        let ends = (0..<11).compactMap { _ in Self.closes(flooding.handle(.frame(.ping), at: .zero)) }
        #expect(ends == [.flood])
        #expect(flooding.handle(.frame(.ping), at: .zero) == [])
    }

    @Test func `the same person typing is told at most every two seconds`() {
        var session = joined()
        #expect(session.handle(.frame(.typing(a)), at: .seconds(1)) == [.tellTyping(a)])
        #expect(session.handle(.frame(.typing(a)), at: .seconds(2)) == [])
        #expect(session.handle(.frame(.typing(a)), at: .seconds(3)) == [.tellTyping(a)])
        if case .reply(.error(let refusal))? = session.handle(.frame(.typing(b)), at: .seconds(3)).first {
            #expect(refusal.code == "not_subscribed")
        } else {
            Issue.record("typing in a room that was not joined")
        }
    }
}
