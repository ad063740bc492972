package import Kernel

/// What this context does when others tell of their things: idempotent, since each may be told more than once.
package struct RoomReactions: Sendable {
    package static let group = "chat"
    /// Of one person, in one transaction.
    private static let roomsAtOnce = 100

    private let store: any ChatStore
    private let notices: RoomNotices
    private let neighbours: RoomNeighbours
    private let now: @Sendable () -> Timestamp

    package init(
        store: any ChatStore, notices: RoomNotices, neighbours: RoomNeighbours,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.notices = notices
        self.neighbours = neighbours
        self.now = now
    }

    package func videoUploaded(_ video: UUIDv7, in tenant: TenantID) async throws {
        guard let title = try await neighbours.videoTitle(video, tenant) else { return }
        let isNew = try await store.write(WriteContext(tenant: tenant)) { [now] writer in
            guard try writer.room(RoomID(video)) == nil else { return false }
            try Rooms.add(Rooms.room(of: video, title, at: now()), writer)
            return true
        }
        if isNew { try await videoRenamed(video, in: tenant) }
    }

    /// Its room has the title that the video has now: an event may be told late, behind newer ones.
    package func videoRenamed(_ video: UUIDv7, in tenant: TenantID) async throws {
        var found = try await neighbours.videoTitle(video, tenant)
        while let title = found {
            _ = try await store.write(WriteContext(tenant: tenant)) { writer in
                let name = String(title.prefix(MessageText.maximumTitle))
                guard var room = try writer.held(RoomID(video)), !room.isClosed, room.title != name
                else { return false }
                room.title = name
                try writer.save(room)
                return true
            }
            // Whoever told of a newer name meanwhile may have been overwritten: each turn takes one more name.
            found = try await neighbours.videoTitle(video, tenant)
            if found == title { return }
        }
    }

    /// Closes its room. One that is not there yet is made, closed, so that whoever asks for it meanwhile does not make
    /// one that stays.
    package func videoDeleted(_ video: UUIDv7, in tenant: TenantID) async throws {
        let isNews = try await store.write(WriteContext(tenant: tenant)) { [now] writer in
            let held = try writer.held(RoomID(video))
            guard var room = held else {
                var room = Rooms.room(of: video, "", at: now())
                room.closedAt = now()
                try writer.save(room)
                return false
            }
            guard !room.isClosed else { return false }
            try Rooms.close(&room, at: now(), writer)
            return true
        }
        if isNews { await notices.tell(.closed, to: RoomID(video), in: tenant) }
    }

    /// Takes the person out of all private rooms.
    package func userRemoved(_ user: UserID, in tenant: TenantID) async throws {
        while true {
            let rooms = try await store.write(WriteContext(tenant: tenant)) { writer in
                let rooms = try writer.memberships(of: user, limit: Self.roomsAtOnce)
                for id in rooms {
                    guard let room = try writer.held(id) else { continue }
                    try Rooms.changeMembers(of: room, left: [user], by: nil, writer)
                }
                return rooms
            }
            for room in rooms {
                await notices.tell(.left([user]), to: room, in: tenant)
            }
            if rooms.count < Self.roomsAtOnce { return }
        }
    }
}
