import Kernel

/// Joining rooms, catching up with them, leaving them.
extension ChatSession {
    mutating func subscribe(_ place: ClientFrame.Place) -> [Action] {
        if let cursor = cursors[place.room] {
            // Asked for again: told again, at once where it is known.
            guard cursor.state == .live else { return [] }
            welcoming?.remove(place.room)
            return [.reply(.subscribed(.init(room: place.room, lastSeq: cursor.delivered)))]
        }
        guard cursors.count < limits.rooms else {
            let failure = Failure(
                .limited, "too_many_rooms", "A connection has at most \(limits.rooms) rooms.")
            welcoming?.remove(place.room)
            return [.reply(.error(.init(failure, room: place.room)))]
        }
        lastTicket += 1
        cursors[place.room] = RoomCursor(ticket: lastTicket, after: place.afterSeq)
        return [.join(place.room, ticket: lastTicket)]
    }

    mutating func leave(_ room: RoomID) -> [Action] {
        guard let cursor = cursors.removeValue(forKey: room) else { return [] }
        // One that is being opened is let go when that is done.
        if case .joining = cursor.state { return [.leave(room)] }
        return [.leave(room), .release(room)]
    }

    mutating func joined(_ room: RoomID, _ ticket: Int, _ last: Int64) -> [Action] {
        guard var cursor = cursors[room], cursor.ticket == ticket, case .joining(let after) = cursor.state
        else { return [.release(room)] }
        // A hello is answered before anything of its rooms is told.
        if welcoming?.contains(room) == true, welcoming != [room] {
            cursor.state = .held(after: after, last: last)
            cursors[room] = cursor
            return settleWelcome(without: room)
        }
        let actions = enter(room, after, last)
        return settleWelcome(without: room, head: last) + actions
    }

    private mutating func enter(_ room: RoomID, _ after: Int64?, _ last: Int64) -> [Action] {
        guard var cursor = cursors[room] else { return [] }
        let wasHeld = if case .held = cursor.state { true } else { false }
        var actions: [Action] = [.reply(.subscribed(.init(room: room, lastSeq: last))), .tellPresence(room)]
        let isFar = after.map { last - $0 > limits.replay } ?? false
        if isFar, let after { actions.append(.reply(.gap(room, fromSeq: after + 1))) }
        // A client may know more than has passed by here; it is not told twice.
        cursor.delivered = isFar ? last : (after ?? last)
        let isBehind = cursor.delivered < last || wasHeld
        cursor.state = isBehind ? .catchingUp : .live
        cursors[room] = cursor
        return isBehind
            ? actions + [.fetch(room, ticket: cursor.ticket, after: cursor.delivered)] : actions
    }

    mutating func page(_ room: RoomID, _ ticket: Int, _ seqs: ClosedRange<Int64>?, _ last: Int64) -> [Action]
    {
        guard var cursor = cursors[room], cursor.ticket == ticket, cursor.state == .catchingUp else {
            return []
        }
        defer { cursors[room] = cursor }
        var actions: [Action] = []
        let next = cursor.delivered + 1
        if cursor.delivered >= last, seqs?.contains(next) != true {
            cursor.state = .live
            return []
        }
        if let seqs, seqs.contains(next) {
            actions.append(.deliver(room, next...seqs.upperBound))
            cursor.delivered = seqs.upperBound
        } else {
            // It cannot be read here: the client may fetch it, and goes on with what comes.
            actions.append(.reply(.gap(room, fromSeq: next)))
            cursor.delivered = max(cursor.delivered, last)
        }
        guard cursor.delivered < last else {
            cursor.state = .live
            return actions
        }
        if last - cursor.delivered > limits.replay {
            actions.append(.reply(.gap(room, fromSeq: cursor.delivered + 1)))
            cursor.delivered = last
            cursor.state = .live
        } else {
            actions.append(.fetch(room, ticket: ticket, after: cursor.delivered))
        }
        return actions
    }

    /// The hello is answered once none of its rooms is being opened. `head` is where `room` stands.
    mutating func settleWelcome(without room: RoomID?, head: Int64? = nil) -> [Action] {
        guard var rooms = welcoming, let identity else { return [] }
        if let room { rooms.remove(room) }
        rooms = rooms.filter { room in
            if case .joining? = cursors[room]?.state { true } else { false }
        }
        welcoming = rooms.isEmpty ? nil : welcoming
        guard rooms.isEmpty else { return [] }
        var held: [(room: RoomID, after: Int64?, last: Int64)] = []
        var heads: [ServerFrame.Head] = []
        for (id, cursor) in cursors {
            var last = cursor.delivered
            if case .held(let after, let seq) = cursor.state {
                held.append((id, after, seq))
                last = seq
            }
            heads.append(.init(room: id, lastSeq: id == room ? head ?? last : last))
        }
        heads.sort { $0.room.description < $1.room.description }
        let welcome = ServerFrame.welcome(
            user: identity.caller.user, tenant: identity.caller.tenant,
            heartbeatSeconds: Int(limits.heartbeat.inSeconds), rooms: heads)
        return [.reply(welcome)] + held.flatMap { enter($0.room, $0.after, $0.last) }
    }
}
