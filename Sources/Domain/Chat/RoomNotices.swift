package import Kernel
private import Synchronization

/// What is told to those who watch a room now.
package enum RoomNotice: Sendable, Equatable, Codable {
    /// Committed entries, ascending.
    case entries([Message])
    case read(user: UserID, seq: Int64)
    /// These may see nothing more.
    case left([UserID])
    case closed
    /// A frame of another context, as JSON, for all who watch.
    case frame(String)
    case typing(user: UserID)
    /// People who are connected to one node: some by name, and how many there are.
    case present(node: UUIDv7, users: [UserID], count: Int)
}

/// Tells the processes that serve a room's watchers what happened in it. Hints: what was committed can be read, so one
/// that is lost, doubled or late costs a look.
package struct RoomNotices: Sendable {
    /// Where this process itself hears of entries that it stored, before any other and without the way around.
    private final class Ear: Sendable {
        let listener = Mutex<(@Sendable (RoomKey, RoomNotice) async -> Void)?>(nil)
    }

    private let pubSub: any PubSub
    private let ear = Ear()

    package init(_ pubSub: any PubSub) { self.pubSub = pubSub }

    package func tell(_ notice: RoomNotice, to room: RoomID, in tenant: TenantID) async {
        if case .entries = notice, let listener = ear.listener.withLock({ $0 }) {
            await listener(RoomKey(tenant: tenant, room: room), notice)
        }
        // Whoever misses it finds the gap in the sequence and reads.
        try? await pubSub.publish(Self.channel(of: room, in: tenant), JSON.encode(notice))
    }

    /// `listener` gets this process's own entries at once; they come by subscription too.
    package func hear(_ listener: @escaping @Sendable (RoomKey, RoomNotice) async -> Void) {
        ear.listener.withLock { $0 = listener }
    }

    /// Ends when the watcher falls `capacity` behind or stops iterating; each element is for `decode`.
    package func notices(
        of room: RoomID, in tenant: TenantID, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await pubSub.subscribe(Self.channel(of: room, in: tenant), capacity: capacity)
    }

    /// Nil for what another version of the program tells.
    package static func decode(_ bytes: [UInt8]) -> RoomNotice? {
        // A hint that cannot be read is one that was lost.
        try? JSON.decode(RoomNotice.self, bytes)
    }

    private static func channel(of room: RoomID, in tenant: TenantID) -> String { "room.\(tenant).\(room)" }
}
