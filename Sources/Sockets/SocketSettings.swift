package import Chat
package import Kernel
package import NIOCore

package struct SocketSettings: Sendable {
    package var session = ChatSession.Limits()
    /// Of one message, its fragments together.
    package var messageBytes = 64 * 1024
    package var fragments = 64
    /// What may wait for a slow reader, beside what the connection itself takes (64 KiB).
    package var outboxBytes = 256 * 1024
    package var outboxFrames = 1_000
    /// From a close frame to the end, whether or not it was answered.
    package var closeDeadline: Duration = .seconds(2)
    /// How often each event loop looks at its connections.
    package var tick: Duration = .milliseconds(250)
    /// How often a session is looked at again, for whoever missed that it ended or that its person may do less now.
    package var recheck: Duration = .seconds(5)
    /// Sessions looked at by one question.
    package var sessionsPerLook = 64
    /// News that an event loop has not come round to; more are left out, and read from the store.
    package var backlog = 10_000
    /// Entries of a room kept at hand for those who come back.
    package var recent = 128
    package var recentBytes = 128 * 1024
    /// Entries that come together are written as one piece up to here; one that is longer by itself.
    package var runBytes = 16 * 1024
    /// Read marks are told to everybody in rooms with no more connections than this here; else to their owner.
    package var smallRoom = 32

    package init() {}
}

/// An entry of a room, encoded as the frame that all get.
package struct SocketEntry: Sendable {
    package let seq: Int64
    package let frame: ByteBuffer

    package init(seq: Int64, frame: ByteBuffer) {
        self.seq = seq
        self.frame = frame
    }
}

/// What sockets ask of the house behind them.
package struct SocketDesk: Sendable {
    /// Who shows this token, and for how long it is good. Throws what the client is told.
    package var authenticate: @Sendable (_ token: String?) async throws -> (ChatIdentity, validFor: Duration)
    /// Whose log-ins of these still hold, as they are now.
    package var current: @Sendable (_ sessions: Set<UUIDv7>, TenantID) async throws -> [UUIDv7: Caller]
    /// Lets a room's news come to this node for one more connection; the number of its newest entry.
    package var open: @Sendable (RoomKey, Caller) async throws -> Int64
    /// One connection fewer.
    package var release: @Sendable (RoomKey, UserID) async -> Void
    /// Entries behind a number, without a hole, ascending.
    package var entries: @Sendable (RoomKey, _ after: Int64) async throws -> [SocketEntry]
    package var presence: @Sendable (RoomKey) async -> ServerFrame?
    package var send: @Sendable (ClientFrame.Draft, Caller) async throws -> ServerFrame.Receipt
    package var typing: @Sendable (RoomKey, UserID) async -> Void
    package var markRead: @Sendable (RoomKey, Int64, Caller) async throws -> Void

    package init(
        authenticate: @escaping @Sendable (String?) async throws -> (ChatIdentity, validFor: Duration),
        current: @escaping @Sendable (Set<UUIDv7>, TenantID) async throws -> [UUIDv7: Caller],
        open: @escaping @Sendable (RoomKey, Caller) async throws -> Int64,
        release: @escaping @Sendable (RoomKey, UserID) async -> Void,
        entries: @escaping @Sendable (RoomKey, Int64) async throws -> [SocketEntry],
        presence: @escaping @Sendable (RoomKey) async -> ServerFrame?,
        send: @escaping @Sendable (ClientFrame.Draft, Caller) async throws -> ServerFrame.Receipt,
        typing: @escaping @Sendable (RoomKey, UserID) async -> Void,
        markRead: @escaping @Sendable (RoomKey, Int64, Caller) async throws -> Void
    ) {
        self.authenticate = authenticate
        self.current = current
        self.open = open
        self.release = release
        self.entries = entries
        self.presence = presence
        self.send = send
        self.typing = typing
        self.markRead = markRead
    }
}
