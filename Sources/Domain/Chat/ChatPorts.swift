package import Kernel

/// Rooms and what was said in them. Bodies run in one transaction and may be run again.
package protocol ChatStore: Sendable {
    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ChatReader) throws -> Value
    ) async throws -> Value

    /// As `WriteContext` says: once, with its events, or not at all.
    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ChatWriter) throws -> Value
    ) async throws -> Value
}

package typealias ChatReader = RoomReader & MessageReader
package typealias ChatWriter = ChatReader & RoomWriter & MessageWriter

/// One tenant's rooms, in one snapshot.
package protocol RoomReader {
    func room(_ id: RoomID) throws -> Room?
    /// Those that there are, in no order.
    func rooms(_ ids: [RoomID]) throws -> [Room]
    /// Rooms that are not closed, in the page's order.
    func rooms(_ filter: RoomFilter, _ page: PageRequest) throws -> Page<Room>
    func directRoom(of pair: RoomPair) throws -> Room?
    /// Of those rooms that there are, by room.
    func lastSeqs(of rooms: [RoomID]) throws -> [RoomID: Int64]
    /// Private rooms that `user` is a member of, the newest first.
    func memberships(of user: UserID, limit: Int) throws -> [RoomID]
    /// How far `user` has read; rooms not read yet are absent.
    func markers(of user: UserID, in rooms: [RoomID]) throws -> [RoomID: Int64]
}

package protocol MessageReader {
    /// As its first entry tells it; nil if there is none.
    func message(_ id: MessageID) throws -> Message?
    /// Those that there are, in no order.
    func messages(_ ids: [MessageID]) throws -> [Message]
    /// At most `limit`, ascending.
    func entries(of room: RoomID, _ window: EntryWindow, limit: Int) throws -> [Message]
    /// Messages of `room` that were sent under one of `keys`, as their first entries tell them.
    func sent(in room: RoomID, as keys: Set<MessageKey>) throws -> [Message]
    /// Messages of others behind what `user` has read, deleted ones not counted; counts no further than `limit` in each.
    /// Of those rooms that there are.
    func unread(in rooms: [RoomID], by user: UserID, limit: Int) throws -> [RoomID: Int]
    /// Texts that the message had before, oldest first.
    func revisions(of message: MessageID) throws -> [MessageRevision]
    /// Ids of all messages, in the page's order.
    func messageIDs(_ page: PageRequest) throws -> Page<MessageID>
}

package protocol RoomWriter {
    /// The room, which nobody else changes or holds until this write ends.
    func held(_ id: RoomID) throws -> Room?
    /// Adds or replaces, but for its members.
    func save(_ room: Room) throws
    /// Who is a member already stays one.
    func add(_ users: [UserID], to room: RoomID) throws
    func remove(_ users: [UserID], from room: RoomID) throws
    func saveMarker(_ seq: Int64, of user: UserID, in room: RoomID) throws
    /// `traceParent` in place of the write's own.
    func publish(_ event: some EventPayload, key: String, traceParent: String?) throws
}

package protocol MessageWriter {
    /// Adds entries, whose room has been saved with or before them in the same write.
    func append(_ entries: [Message]) throws
    /// Changes what all entries of the message tell; `message` is its first entry.
    func replace(_ message: Message) throws
    /// Keeps a text that the message no longer has; `seq` is of the entry that took its place.
    func keep(_ revision: MessageRevision, of message: MessageID, seq: Int64) throws
}

/// Which rooms a list shows.
package struct RoomFilter: Sendable, Equatable {
    /// Who must be able to see them.
    package let viewer: UserID
    package var kind: Room.Kind?

    package init(viewer: UserID, kind: Room.Kind? = nil) {
        self.viewer = viewer
        self.kind = kind
    }
}

/// Two people, in no order.
package struct RoomPair: Sendable, Hashable {
    package let users: [UserID]

    package init(_ one: UserID, _ other: UserID) {
        users = [one, other].sorted { $0.description < $1.description }
    }
}

/// What makes a message sent again the same message.
package struct MessageKey: Sendable, Hashable {
    package let author: UserID
    package let clientID: String

    package init(author: UserID, clientID: String) {
        self.author = author
        self.clientID = clientID
    }
}

/// A part of a room's history.
package enum EntryWindow: Sendable, Equatable {
    /// The first entries behind a sequence number, changes among them.
    case after(Int64)
    /// The last messages before a sequence number, or of all, changes not among them.
    case before(Int64?)
}
