package import Kernel

extension Rooms {
    /// Names a team room anew; for whoever made it, and moderators.
    package func rename(
        _ id: RoomID, to title: String, by caller: Caller, _ once: OnceKey?
    ) async throws -> RoomView {
        let title = try MessageText.validated(title: title)
        _ = try await change(id, by: caller, once) { room, writer in
            try Self.requireHost(of: room, caller)
            room.title = title
            try writer.save(room)
            return true
        }
        return try await room(id, caller)
    }

    /// Lets people into a private room; any member may who can make rooms.
    package func invite(
        _ people: [UserID], to id: RoomID, by caller: Caller, _ once: OnceKey?
    ) async throws -> RoomView {
        try caller.require(.createRoom)
        _ = try await canRead(id, caller)
        let people = try await checked(people, caller)
        _ = try await change(id, by: caller, once) { [limits, tooManyMembers] room, writer in
            try Self.requireMembers(room)
            let joined = people.filter { !room.members.contains($0) }
            guard room.members.count + joined.count <= limits.maximumMembers else { throw tooManyMembers }
            if !joined.isEmpty {
                try Self.changeMembers(of: room, joined: joined, by: caller.user, writer)
            }
            return joined
        }
        return try await room(id, caller)
    }

    /// Takes somebody out of a private room: oneself, or anybody for whoever made it and moderators. The last to leave
    /// closes it.
    package func remove(
        _ user: UserID, from id: RoomID, by caller: Caller, _ once: OnceKey?
    ) async throws {
        let isClosed = try await change(id, by: caller, once) { [now] room, writer in
            try Self.requireMembers(room)
            if user != caller.user { try Self.requireHost(of: room, caller) }
            guard room.members.contains(user) else { throw Failure.notFound("member") }
            try Self.changeMembers(of: room, left: [user], by: caller.user, writer)
            guard room.members == [user] else { return false }
            try Self.close(&room, at: now(), writer)
            return true
        }
        await notices.tell(.left([user]), to: id, in: caller.tenant)
        if isClosed { await notices.tell(.closed, to: id, in: caller.tenant) }
    }

    private func change<Value: Codable & Sendable>(
        _ id: RoomID, by caller: Caller, _ once: OnceKey?,
        _ body: @escaping @Sendable (inout Room, any ChatWriter) throws -> Value
    ) async throws -> Value {
        try caller.require(.readChat)
        return try await store.write(WriteContext(caller, once: once)) { writer in
            guard var room = try writer.held(id), room.isVisible(to: caller.user) else {
                throw Failure.notFound("room")
            }
            guard !room.isClosed else { throw RoomLedger.closed }
            return try body(&room, writer)
        }
    }

    /// Only team rooms are anybody's: videos give theirs its title, direct ones have none.
    private static func requireHost(of room: Room, _ caller: Caller) throws {
        guard room.kind == .team else {
            throw Failure(.forbidden, "forbidden", "Only a team room can be changed.")
        }
        try caller.require(room.createdBy == caller.user ? .createRoom : .moderateChat)
    }

    private static func requireMembers(_ room: Room) throws {
        guard room.kind == .team, room.isPrivate else {
            throw Failure(.forbidden, "forbidden", "Only a private team room has members to change.")
        }
    }

    static func changeMembers(
        of room: Room, joined: [UserID] = [], left: [UserID] = [], by actor: UserID?,
        _ writer: any ChatWriter
    ) throws {
        try writer.add(joined, to: room.id)
        try writer.remove(left, from: room.id)
        try writer.publish(
            MembersChanged(room: room.id, joined: joined, left: left, by: actor),
            key: room.id.description, traceParent: nil)
    }

    static func close(_ room: inout Room, at time: Timestamp, _ writer: any ChatWriter) throws {
        room.closedAt = time
        try writer.save(room)
        try writer.publish(RoomClosed(room: room.id), key: room.id.description, traceParent: nil)
    }
}
