import Chat
import Kernel
import NIOCore

/// What a socket asks of the house, and what it does with the answers.
extension ChatSocket {
    func askHouse(_ action: ChatSession.Action) {
        switch action {
        case .authenticate(let token): authenticate(token)
        case .join(let room, let ticket): join(room, ticket)
        case .leave(let room): key(room).map { lane.ignore(self, $0) }
        case .release(let room): release(room)
        case .fetch(let room, let ticket, let after): fetch(room, ticket, after)
        case .tellPresence(let room): tellPresence(room)
        case .send(let draft): store(draft)
        case .tellTyping(let room):
            guard let key = key(room), let user else { return }
            let desk = lane.hub.desk
            Task { await desk.typing(key, user) }
        case .markRead(let room, let seq): markRead(room, seq)
        case .reply, .deliver, .ping, .close: break
        }
    }

    private func key(_ room: RoomID) -> RoomKey? {
        identity.map { RoomKey(tenant: $0.caller.tenant, room: room) }
    }

    /// Off the event loop and back to it; the answer comes even if the connection has gone.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable () async throws -> Answer,
        then: @escaping @Sendable (ChatSocket, Result<Answer, Failure>) -> Void
    ) {
        let me = NIOLoopBound(self, eventLoop: lane.loop)
        Task {
            let answer: Result<Answer, Failure>
            do {
                answer = .success(try await question())
            } catch {
                answer = .failure(.wrapping(error))
            }
            me.eventLoop.execute { then(me.value, answer) }
        }
    }

    private func authenticate(_ shown: String?) {
        let desk = lane.hub.desk
        let token = takeToken(shown)
        ask {
            try await desk.authenticate(token)
        } then: { socket, answer in
            switch answer {
            case .success(let (identity, validFor)): socket.take(.authenticated(identity, validFor: validFor))
            case .failure(let failure): socket.take(.refused(failure))
            }
        }
    }

    private func join(_ room: RoomID, _ ticket: Int) {
        // An action before this one may have ended the session, and with it all its rooms.
        guard !session.hasEnded, let key = key(room), let caller = identity?.caller else { return }
        // First, so that nothing that is new meanwhile passes by unseen.
        lane.listen(self, to: key)
        let desk = lane.hub.desk
        ask {
            try await desk.open(key, caller)
        } then: { socket, answer in
            switch answer {
            case .success(let last):
                let slot = socket.lane.slot(key)
                slot?.passed(last)
                socket.take(.joined(room, ticket: ticket, lastSeq: max(last, slot?.last ?? 0)))
            case .failure(let failure): socket.take(.joinFailed(room, ticket: ticket, failure))
            }
        }
    }

    private func release(_ room: RoomID) {
        guard let key = key(room), let user else { return }
        let desk = lane.hub.desk
        Task { await desk.release(key, user) }
    }

    private func fetch(_ room: RoomID, _ ticket: Int, _ after: Int64) {
        guard let key = key(room) else { return }
        if let near = lane.slot(key)?.entries(after: after) { return turn(room, ticket, near, key) }
        let desk = lane.hub.desk
        ask {
            try await desk.entries(key, after)
        } then: { socket, answer in
            switch answer {
            case .success(let entries): socket.turn(room, ticket, entries, key)
            // The client sees the gap and asks by itself.
            case .failure: socket.turn(room, ticket, [], key)
            }
        }
    }

    private func turn(_ room: RoomID, _ ticket: Int, _ entries: [SocketEntry], _ key: RoomKey) {
        page = entries
        let seqs = entries.first.flatMap { first in entries.last.map { first.seq...$0.seq } }
        let last = max(lane.slot(key)?.last ?? 0, seqs?.upperBound ?? 0)
        take(.page(room, ticket: ticket, seqs: seqs, last: last))
        page = []
    }

    private func tellPresence(_ room: RoomID) {
        guard let key = key(room) else { return }
        let desk = lane.hub.desk
        ask {
            await desk.presence(key)
        } then: { socket, answer in
            // Whoever has left the room meanwhile needs no more news of it.
            if case .success(let frame?) = answer, socket.session.hears(room) { socket.reply(frame) }
        }
    }

    private func store(_ draft: ClientFrame.Draft) {
        guard let caller = identity?.caller else { return }
        let desk = lane.hub.desk
        ask {
            try await desk.send(draft, caller)
        } then: { socket, answer in
            switch answer {
            case .success(let receipt): socket.take(.stored(receipt))
            case .failure(let failure):
                socket.take(.notStored(draft.room, clientID: draft.clientID, failure))
            }
        }
    }

    private func markRead(_ room: RoomID, _ seq: Int64) {
        guard let key = key(room), let caller = identity?.caller else { return }
        let desk = lane.hub.desk
        ask {
            try await desk.markRead(key, seq, caller)
        } then: { socket, answer in
            if case .failure(let failure) = answer { socket.take(.failed(room, failure)) }
        }
    }
}
