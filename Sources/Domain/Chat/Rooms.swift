package import Kernel

/// Talking: rooms, who is in them, what is said there.
package struct Rooms: Sendable {
    package struct Limits: Sendable {
        /// Messages and changes of them.
        package var messagesPerMinute = 120
        /// Of a whole team.
        package var tenantMessagesPerMinute = 6_000
        /// Times that somebody says to have read further.
        package var readMarksPerMinute = 600
        /// Of a whole team.
        package var tenantReadMarksPerMinute = 30_000
        /// Of a private room.
        package var maximumMembers = 250
        /// Rooms that change at the same time in this process.
        package var busyRooms = 4_096
        /// Changes of one room that wait.
        package var waitingChanges = 1_024

        package init() {}
    }

    /// Unread messages are counted no further.
    package static let countedUnread = 100
    /// Private rooms of one person that a search looks in: the newest.
    static let searchedRooms = 1_000
    /// Changes of one room that are stored in one transaction.
    static let changesPerWrite = 64

    let store: any ChatStore
    let notices: RoomNotices
    let neighbours: RoomNeighbours
    let limits: Limits
    let now: @Sendable () -> Timestamp
    let lanes: RoomLanes
    private let limiter: any RateLimiter

    package init(
        store: any ChatStore, notices: RoomNotices, limiter: any RateLimiter, neighbours: RoomNeighbours,
        limits: Limits = Limits(), now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.notices = notices
        self.limiter = limiter
        self.neighbours = neighbours
        self.limits = limits
        self.now = now
        lanes = Self.lanes(store, notices, limits, now)
    }

    /// Takes one from the budgets of the caller and the team. `rate_limited`.
    package func spend(_ caller: Caller) async throws {
        try await take(
            [
                ("chat.user.\(caller.tenant).\(caller.user)", limits.messagesPerMinute),
                ("chat.tenant.\(caller.tenant)", limits.tenantMessagesPerMinute),
            ], tooMany: "messages")
    }

    /// The same for marks of what was read, from budgets of their own.
    func spendMark(_ caller: Caller) async throws {
        try await take(
            [
                ("chat.marks.user.\(caller.tenant).\(caller.user)", limits.readMarksPerMinute),
                ("chat.marks.tenant.\(caller.tenant)", limits.tenantReadMarksPerMinute),
            ], tooMany: "read marks")
    }

    private func take(_ budgets: [(key: String, limit: Int)], tooMany things: String) async throws {
        for (key, limit) in budgets {
            guard let wait = try await limiter.take(key, limit: limit, per: .seconds(60)) else { continue }
            var failure = Failure(
                .limited, "rate_limited", "Too many \(things) in a short time; please wait a moment.")
            failure.retryAfter = wait
            throw failure
        }
    }

    /// The room, if the caller may see it. `forbidden`, `not_found`.
    package func canRead(_ id: RoomID, _ caller: Caller) async throws -> Room {
        try caller.require(.readChat)
        return try await store.read(caller.tenant) { try Self.visible(id, to: caller, $0) }
    }

    static func visible(_ id: RoomID, to caller: Caller, _ reader: any RoomReader) throws -> Room {
        guard let room = try reader.room(id), room.isVisible(to: caller.user) else {
            throw Failure.notFound("room")
        }
        return room
    }
}

/// What the chat must ask other contexts before it can answer.
package struct RoomNeighbours: Sendable {
    /// The title of a video that can be talked about; nil if there is none.
    let videoTitle: @Sendable (UUIDv7, TenantID) async throws -> String?
    /// Those of the given who belong to the team.
    let people: @Sendable ([UserID], TenantID) async throws -> Set<UserID>

    package init(
        videoTitle: @escaping @Sendable (UUIDv7, TenantID) async throws -> String?,
        people: @escaping @Sendable ([UserID], TenantID) async throws -> Set<UserID>
    ) {
        self.videoTitle = videoTitle
        self.people = people
    }
}
