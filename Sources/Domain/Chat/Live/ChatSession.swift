package import Kernel

/// One live connection's protocol: what happens goes in, what is to be done comes out. Knows no socket, store or clock.
package struct ChatSession: Sendable {
    package struct Limits: Sendable {
        /// From the connection to an accepted hello.
        package var helloDeadline: Duration = .seconds(10)
        /// Without a byte from the client, a ping unanswered for `heartbeat` less than this.
        package var idle: Duration = .seconds(75)
        package var heartbeat: Duration = .seconds(25)
        package var framesPerSecond = 20
        package var frameBurst = 100
        package var rooms = 100
        /// Messages of this connection that wait for those before them.
        package var waitingSends = 64
        /// Further behind than this, a client fetches by itself.
        package var replay: Int64 = 500
        /// Between two notes that the same person types in the same room.
        package var typingPause: Duration = .seconds(2)

        package init() {}
    }

    package enum Event: Sendable {
        case frame(ClientFrame)
        case malformed(String)
        /// The hello was accepted; `validFor` is what is left of its token.
        case authenticated(ChatIdentity, validFor: Duration)
        case refused(Failure)
        /// `lastSeq` covers all that has passed by; `ticket` is that of the `join`.
        case joined(RoomID, ticket: Int, lastSeq: Int64)
        case joinFailed(RoomID, ticket: Int, Failure)
        /// Entries in order without a hole, as far as they could be read; `last` is the newest that has passed by.
        case page(RoomID, ticket: Int, seqs: ClosedRange<Int64>?, last: Int64)
        case stored(ServerFrame.Receipt)
        case notStored(RoomID, clientID: String, Failure)
        case failed(RoomID, Failure)
        /// The room is no longer this user's to see.
        case removed(RoomID, Failure)
        /// The log-in has ended, or what the user may do has.
        case revoked
        /// What was to be sent exceeds what may wait.
        case overrun
        case drain(afterSeconds: Int, closeIn: Duration)
        case tick
        /// The connection is gone.
        case gone
    }

    package enum Action: Sendable, Equatable {
        case reply(ServerFrame)
        /// With the token, or else the one of the upgrade.
        case authenticate(token: String?)
        /// Let entries of the room pass by from now on, then find out where it stands.
        case join(RoomID, ticket: Int)
        /// Let nothing of the room pass by any more.
        case leave(RoomID)
        /// The room, once joined, is needed no more.
        case release(RoomID)
        case fetch(RoomID, ticket: Int, after: Int64)
        /// Send these of the page just read.
        case deliver(RoomID, ClosedRange<Int64>)
        case tellPresence(RoomID)
        case send(ClientFrame.Draft)
        case tellTyping(RoomID)
        case markRead(RoomID, seq: Int64)
        case ping
        case close(CloseReason)
    }

    enum Phase: Sendable, Equatable { case awaitingHello, open, ended }

    package let limits: Limits
    package internal(set) var identity: ChatIdentity?
    var phase = Phase.awaitingHello
    var cursors: [RoomID: RoomCursor] = [:]
    /// Rooms of a hello that has not been answered, nil otherwise.
    var welcoming: Set<RoomID>?
    var lastTicket = 0
    private let begunAt: Duration
    private var heardAt: Duration
    private var pingedAt: Duration
    /// When the first ping was sent behind which nothing has come.
    private var unansweredSince: Duration?
    var budget: FrameBudget
    var expiresAt: Duration?
    private var closesAt: Duration?
    var isAuthenticating = false
    /// Frames that came behind a hello which is being looked at.
    var early: [ClientFrame] = []
    var hello: [ClientFrame.Place] = []
    var drafts: [ClientFrame.Draft] = []
    var isSending = false

    /// Times count from any one moment.
    package init(limits: Limits, at now: Duration) {
        self.limits = limits
        begunAt = now
        heardAt = now
        pingedAt = now
        budget = FrameBudget(perSecond: limits.framesPerSecond, burst: limits.frameBurst, at: now)
    }

    package var hasEnded: Bool { phase == .ended }

    /// A byte came, of whatever frame.
    package mutating func heard(at now: Duration) {
        heardAt = max(heardAt, now)
        unansweredSince = nil
    }

    /// Takes a frame that is no message by itself from the budget; false if that is used up.
    package mutating func spend(at now: Duration) -> Bool { budget.take(at: now) }

    /// It may see the room and has been told so; only then is anything of the room for it.
    package func hears(_ room: RoomID) -> Bool {
        guard phase == .open, let state = cursors[room]?.state else { return false }
        return state == .live || state == .catchingUp
    }

    /// The same person, as looked at again.
    package mutating func renew(_ identity: ChatIdentity) {
        if phase == .open, identity.session == self.identity?.session { self.identity = identity }
    }

    /// An entry passes by.
    package mutating func offer(_ room: RoomID, _ seq: Int64) -> (offer: RoomCursor.Offer, ticket: Int) {
        guard phase == .open, var cursor = cursors[room] else { return (.skip, 0) }
        let offer = cursor.offer(seq)
        if offer != .skip { cursors[room] = cursor }
        return (offer, cursor.ticket)
    }

    /// An entry passed by that was not offered: it is read.
    package mutating func fellBehind(in room: RoomID) -> Action? {
        guard phase == .open, var cursor = cursors[room], cursor.state == .live else { return nil }
        cursor.state = .catchingUp
        cursors[room] = cursor
        return .fetch(room, ticket: cursor.ticket, after: cursor.delivered)
    }

    /// Entries that follow each other pass by. True if all of them are delivered; else each has to be offered by itself.
    package mutating func offer(_ room: RoomID, _ seqs: ClosedRange<Int64>) -> Bool {
        guard phase == .open else { return false }
        return cursors[room]?.offer(seqs) ?? false
    }

    package mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        guard phase != .ended else { return afterEnd(event) }
        switch event {
        case .frame(let frame):
            guard budget.take(at: now) else { return end(.flood) }
            return handle(frame, at: now)
        case .malformed(let detail):
            guard budget.take(at: now) else { return end(.flood) }
            return end(.malformed(detail))
        case .authenticated(let identity, let validFor):
            return authenticated(identity, validFor: validFor, at: now)
        case .refused(let failure): return refused(failure)
        case .joined(let room, let ticket, let last): return joined(room, ticket, last)
        case .joinFailed(let room, let ticket, let failure):
            guard cursors[room]?.ticket == ticket else { return [] }
            cursors[room] = nil
            return [.leave(room), .reply(.error(.init(failure, room: room)))] + settleWelcome(without: room)
        case .page(let room, let ticket, let seqs, let last): return page(room, ticket, seqs, last)
        case .stored(let receipt): return [.reply(.acknowledged(receipt))] + sendNext()
        case .notStored(let room, let client, let failure):
            return [.reply(.error(.init(failure, room: room, clientID: client)))] + sendNext()
        case .failed(let room, let failure): return [.reply(.error(.init(failure, room: room)))]
        case .removed(let room, let failure):
            guard cursors[room] != nil else { return [] }
            return leave(room) + [.reply(.error(.init(failure, room: room)))] + settleWelcome(without: room)
        case .revoked: return end(.unauthenticated("session_revoked"))
        case .overrun:
            let gaps = cursors.filter { $0.value.state == .live || $0.value.state == .catchingUp }
            return gaps.map { .reply(.gap($0.key, fromSeq: $0.value.delivered + 1)) } + end(.tooSlow)
        case .drain(let seconds, let span):
            guard closesAt == nil else { return [] }
            closesAt = now + span
            return [.reply(.draining(afterSeconds: seconds))]
        case .tick: return tick(now)
        case .gone: return end(nil)
        }
    }

    // MARK: - Time and end

    private mutating func tick(_ now: Duration) -> [Action] {
        if let closesAt, now >= closesAt { return end(.draining) }
        if phase == .awaitingHello, now - begunAt >= limits.helloDeadline { return end(.idle) }
        if let expiresAt, now >= expiresAt { return end(.unauthenticated("token_expired")) }
        // Silence behind a ping alone: while this side stood still, nobody was asked for a sign of life.
        if let unansweredSince, now - unansweredSince >= limits.idle - limits.heartbeat { return end(.idle) }
        guard now - max(heardAt, pingedAt) >= limits.heartbeat else { return [] }
        pingedAt = now
        unansweredSince = unansweredSince ?? now
        return [.ping]
    }

    mutating func end(_ reason: CloseReason?) -> [Action] {
        phase = .ended
        var actions: [Action] = reason.map { [.close($0)] } ?? []
        for room in Array(cursors.keys) { actions += leave(room) }
        drafts = []
        early = []
        return actions
    }

    /// Rooms that are opened late are let go again.
    private func afterEnd(_ event: Event) -> [Action] {
        if case .joined(let room, _, _) = event { [.release(room)] } else { [] }
    }
}
