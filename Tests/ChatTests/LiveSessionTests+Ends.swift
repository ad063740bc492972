import Chat
import Kernel
import Testing

/// How sessions end, and what does not end them.
extension LiveSessionTests {
    @Test func `a token that runs out ends the connection unless a new one was shown`() {
        var session = joined()
        session.heard(at: .seconds(50))
        #expect(Self.closes(session.handle(.tick, at: .seconds(59))) == nil)
        _ = session.handle(.frame(.hello(token: "new", rooms: [])), at: .seconds(59))
        _ = session.handle(.authenticated(Self.identity, validFor: .seconds(60)), at: .seconds(59))
        session.heard(at: .seconds(100))
        #expect(Self.closes(session.handle(.tick, at: .seconds(118))) == nil)
        #expect(Self.closes(session.handle(.tick, at: .seconds(119))) == .unauthenticated("token_expired"))
    }

    @Test func `nobody becomes somebody else on the way`() {
        var session = joined()
        _ = session.handle(.frame(.hello(token: "other", rooms: [])), at: .zero)
        let other = ChatIdentity(
            caller: Caller(tenant: Self.caller.tenant, user: UserID(), role: .owner), session: UUIDv7())
        #expect(
            Self.closes(session.handle(.authenticated(other, validFor: .seconds(60)), at: .zero))
                == .forbidden)
    }

    @Test func `a refused hello ends the connection; a failing store does not end one that is open`() {
        var session = ChatSession(limits: Self.limits(), at: .zero)
        _ = session.handle(.frame(.hello(token: "t", rooms: [])), at: .zero)
        let refused = Failure(.unauthorised, "session_revoked", "")
        #expect(
            Self.closes(session.handle(.refused(refused), at: .zero)) == .unauthenticated("session_revoked"))
        var open = joined()
        _ = open.handle(.frame(.hello(token: "t", rooms: [])), at: .zero)
        #expect(Self.closes(open.handle(.refused(.unavailable("The store")), at: .zero)) == nil)
        // Before that, it has nothing to go on with; but its token is as good as before.
        var new = ChatSession(limits: .init(), at: .zero)
        _ = new.handle(.frame(.hello(token: "a", rooms: [])), at: .zero)
        #expect(Self.closes(new.handle(.refused(.unavailable("The store")), at: .zero)) == .unavailable)
        for kind in [Failure.Kind.internal, .cancelled, .timeout, .overloaded] {
            var other = ChatSession(limits: .init(), at: .zero)
            _ = other.handle(.frame(.hello(token: "a", rooms: [])), at: .zero)
            let failure = Failure(kind, "other", "")
            #expect(Self.closes(other.handle(.refused(failure), at: .zero)) == .unavailable, "\(kind)")
        }
        #expect(open.offer(a, 4).offer == .deliver)
    }

    @Test func `silence brings pings, then the end`() {
        var session = joined()
        _ = session.handle(.authenticated(Self.identity, validFor: .seconds(600)), at: .zero)
        #expect(session.handle(.tick, at: .seconds(24)) == [])
        #expect(session.handle(.tick, at: .seconds(25)) == [.ping])
        #expect(session.handle(.tick, at: .seconds(26)) == [])
        #expect(session.handle(.tick, at: .seconds(50)) == [.ping])
        session.heard(at: .seconds(51))
        #expect(session.handle(.tick, at: .seconds(75)) == [])
        #expect(session.handle(.tick, at: .seconds(76)) == [.ping])
        #expect(Self.closes(session.handle(.tick, at: .seconds(126))) == .idle)
    }

    @Test func `a server that stood still asks for a sign of life before it ends anything`() {
        var (session, dead) = (joined(), joined())
        for time in [Duration.seconds(500), .seconds(525)] {
            _ = session.handle(.authenticated(Self.identity, validFor: .seconds(6_000)), at: time)
            #expect(session.handle(.tick, at: time) == [.ping])
        }
        session.heard(at: .seconds(549))
        #expect(session.handle(.tick, at: .seconds(550)) == [])
        _ = dead.handle(.authenticated(Self.identity, validFor: .seconds(6_000)), at: .seconds(500))
        #expect(dead.handle(.tick, at: .seconds(500)) == [.ping])
        #expect(dead.handle(.tick, at: .seconds(525)) == [.ping])
        #expect(dead.handle(.tick, at: .seconds(549)) == [])
        #expect(Self.closes(dead.handle(.tick, at: .seconds(550))) == .idle)
    }

    @Test func `one that cannot keep up is told where each room broke off`() {
        var session = joined(last: 3)
        _ = session.offer(a, 4)
        let actions = session.handle(.overrun, at: .zero)
        #expect(actions == [.reply(.gap(a, fromSeq: 5)), .close(.tooSlow), .leave(a), .release(a)])
        #expect(session.offer(a, 5).offer == .skip)
    }

    @Test func `draining is told, and the end comes at its time`() {
        var session = joined()
        #expect(
            session.handle(.drain(afterSeconds: 2, closeIn: .seconds(1)), at: .seconds(1)) == [
                .reply(.draining(afterSeconds: 2))
            ])
        #expect(session.offer(a, 4).offer == .deliver)
        #expect(session.handle(.drain(afterSeconds: 2, closeIn: .zero), at: .seconds(1)) == [])
        #expect(Self.closes(session.handle(.tick, at: .milliseconds(1_900))) == nil)
        #expect(Self.closes(session.handle(.tick, at: .seconds(2))) == .draining)
    }

    @Test func `whoever loses a room hears so and gets no more of it`() {
        var session = joined()
        let failure = Failure.notFound("room")
        #expect(
            session.handle(.removed(a, failure), at: .zero) == [
                .leave(a), .release(a), .reply(.error(.init(failure, room: a))),
            ])
        #expect(session.offer(a, 4).offer == .skip)
        #expect(session.handle(.removed(a, failure), at: .zero) == [])
    }

    @Test func `a room that opens after the end is let go`() {
        var session = Self.greeted()
        _ = session.handle(.frame(.subscribe(.init(room: a))), at: .zero)
        #expect(session.handle(.gone, at: .zero) == [.leave(a)])
        #expect(session.handle(.joined(a, ticket: 1, lastSeq: 1), at: .zero) == [.release(a)])
        #expect(session.handle(.revoked, at: .zero) == [])
    }

    @Test func `no more rooms than allowed`() {
        var session = joined()
        _ = session.handle(.frame(.subscribe(.init(room: b))), at: .zero)
        if case .reply(.error(let refusal))? =
            session.handle(.frame(.subscribe(.init(room: RoomID()))), at: .zero).first
        {
            #expect(refusal.code == "too_many_rooms")
        } else {
            Issue.record("a third room was joined")
        }
    }
}
