import Kernel

/// What a client says, and who it is.
extension ChatSession {
    mutating func handle(_ frame: ClientFrame, at now: Duration) -> [Action] {
        if case .hello(let token, let rooms) = frame { return begin(token, rooms) }
        guard phase == .open else { return hold(frame) }
        switch frame {
        case .hello: return []
        case .subscribe(let place): return subscribe(place)
        case .unsubscribe(let room):
            return (cursors[room] == nil ? [] : leave(room)) + settleWelcome(without: room)
        case .send(let draft): return send(draft)
        case .typing(let room):
            guard var cursor = cursors[room] else { return [Self.unknown(room)] }
            if let last = cursor.typedAt, now - last < limits.typingPause { return [] }
            cursor.typedAt = now
            cursors[room] = cursor
            return [.tellTyping(room)]
        case .read(let room, let seq):
            guard cursors[room] != nil else { return [Self.unknown(room)] }
            return [.markRead(room, seq: seq)]
        case .ping: return [.reply(.pong)]
        }
    }

    /// What comes right behind the hello waits until that is accepted.
    private mutating func hold(_ frame: ClientFrame) -> [Action] {
        guard isAuthenticating else { return end(.malformed("hello comes first")) }
        guard early.count < limits.waitingSends else { return end(.flood) }
        early.append(frame)
        return []
    }

    private static func unknown(_ room: RoomID) -> Action {
        .reply(.error(.init(Failure(.conflict, "not_subscribed", "Please subscribe first."), room: room)))
    }

    private mutating func begin(_ token: String?, _ rooms: [ClientFrame.Place]) -> [Action] {
        guard !isAuthenticating else { return end(.malformed("one hello at a time")) }
        guard rooms.count <= limits.rooms else { return end(.malformed("too many rooms")) }
        isAuthenticating = true
        hello = rooms
        return [.authenticate(token: token)]
    }

    mutating func authenticated(_ new: ChatIdentity, validFor: Duration, at now: Duration) -> [Action] {
        if let identity {
            let isSame =
                identity.caller.user == new.caller.user && identity.caller.tenant == new.caller.tenant
            guard isSame else { return end(.forbidden) }
        }
        identity = new
        expiresAt = now + validFor
        // What was looked at again, without a hello, needs no answer.
        guard isAuthenticating else { return [] }
        isAuthenticating = false
        phase = .open
        let places = hello
        hello = []
        welcoming = (welcoming ?? []).union(places.map(\.room))
        var actions = places.flatMap { subscribe($0) } + settleWelcome(without: nil)
        let frames = early
        early = []
        for frame in frames where phase == .open { actions += handle(frame, at: now) }
        return actions
    }

    mutating func refused(_ failure: Failure) -> [Action] {
        switch failure.kind {
        case .unauthorised: return end(.unauthenticated(failure.code))
        case .forbidden: return end(.forbidden)
        default:
            // Nothing is wrong with the token, so no client may go for another.
            guard phase == .open else { return end(.unavailable) }
            isAuthenticating = false
            return [.reply(.error(.init(failure)))]
        }
    }

    // MARK: - Sending

    /// One at a time, so that a client's messages are stored in the order in which it sent them.
    private mutating func send(_ draft: ClientFrame.Draft) -> [Action] {
        guard isSending else {
            isSending = true
            return [.send(draft)]
        }
        guard drafts.count < limits.waitingSends else {
            let failure = Failure(.limited, "rate_limited", "Too many messages wait; please slow down.")
            return [.reply(.error(.init(failure, room: draft.room, clientID: draft.clientID)))]
        }
        drafts.append(draft)
        return []
    }

    mutating func sendNext() -> [Action] {
        guard !drafts.isEmpty else {
            isSending = false
            return []
        }
        return [.send(drafts.removeFirst())]
    }
}
