package import Kernel

extension Rooms {
    /// A part of what was said in a room.
    package struct History: Sendable {
        /// Ascending by sequence number.
        package let messages: [Message]
        /// Of the room.
        package let lastSeq: Int64
        /// Whether there is more in the direction that was asked for.
        package let hasMore: Bool
    }

    /// At most `limit` entries (1 to 100) as the window says. `forbidden`, `not_found`.
    package func history(
        of id: RoomID, _ window: EntryWindow, limit: Int, _ caller: Caller
    ) async throws -> History {
        try caller.require(.readChat)
        let limit = min(max(1, limit), PageRequest.maximumLimit)
        return try await store.read(caller.tenant) { reader in
            let room = try Self.visible(id, to: caller, reader)
            let found = try reader.entries(of: id, window, limit: limit + 1)
            let isBackward = if case .before = window { true } else { false }
            return History(
                messages: isBackward ? found.suffix(limit) : Array(found.prefix(limit)),
                lastSeq: room.lastSeq, hasMore: found.count > limit)
        }
    }

    /// At most `limit` entries behind `seq`, ascending, for those who have been found to be readers. Sees all that is
    /// committed unless the task's `Consistency` says otherwise.
    package func entries(
        of room: RoomID, after seq: Int64, limit: Int, in tenant: TenantID
    ) async throws -> [Message] {
        try await store.read(tenant) { try $0.entries(of: room, .after(seq), limit: limit) }
    }

    /// Of those of `rooms` that there are.
    package func lastSeqs(of rooms: [RoomID], in tenant: TenantID) async throws -> [RoomID: Int64] {
        guard !rooms.isEmpty else { return [:] }
        return try await store.read(tenant) { try $0.lastSeqs(of: rooms) }
    }

    /// How far somebody has read.
    package struct ReadMark: Sendable, Equatable, Codable {
        package let room: RoomID
        package let readSeq: Int64
        package let unread: Int
    }

    /// Says that the caller has read up to `seq`, or to the end if that is sooner. Marks only grow. `forbidden`,
    /// `not_found`, `rate_limited` where it would grow.
    package func markRead(_ id: RoomID, upTo seq: Int64, by caller: Caller) async throws -> ReadMark {
        try caller.require(.readChat)
        let user = caller.user
        let room = try await canRead(id, caller)
        let wanted = min(max(0, seq), room.lastSeq)
        // Most are no news, which costs no write.
        let known = try await mark(of: user, in: id, caller.tenant)
        guard wanted > known.readSeq else { return known }
        try await spendMark(caller)
        _ = try await store.write(WriteContext(tenant: caller.tenant)) { writer in
            let seq = try writer.markers(of: user, in: [id])[id] ?? 0
            if wanted > seq {
                try writer.saveMarker(wanted, of: user, in: id)
            }
            return true
        }
        let mark = try await mark(of: user, in: id, caller.tenant)
        await notices.tell(.read(user: user, seq: mark.readSeq), to: id, in: caller.tenant)
        return mark
    }

    private func mark(of user: UserID, in id: RoomID, _ tenant: TenantID) async throws -> ReadMark {
        try await store.read(tenant) { reader in
            let seq = try reader.markers(of: user, in: [id])[id] ?? 0
            let unread = try reader.unread(in: [id], by: user, limit: Self.countedUnread)
            return ReadMark(room: id, readSeq: seq, unread: unread[id] ?? 0)
        }
    }

    /// The circles of a search: private rooms of the caller.
    package func circles(of caller: Caller) async throws -> [UUIDv7] {
        guard caller.allows(.readChat) else { return [] }
        return try await store.read(caller.tenant) {
            try $0.memberships(of: caller.user, limit: Self.searchedRooms).map(\.uuid)
        }
    }
}
