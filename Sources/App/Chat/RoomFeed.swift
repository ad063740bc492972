import Chat
import Kernel
import Sockets

/// One room that somebody listens to in this process.
struct RoomFeed {
    var sequence: RoomSequence<SocketEntry>
    var presence = RoomPresence()
    var listeners = 0
    /// Since when nobody listens.
    var emptySince: Duration?
    /// Notes of people typing that the room still takes.
    var typing: FrameBudget
    /// Who is here has changed and nobody was told.
    var mustTellPresence = false
    var mustAnnounce = false
    /// Reads the room's channel, for as long as the feed is there.
    var listening: Task<Void, Never>?

    init(last: Int64, at now: Duration) {
        sequence = RoomSequence(last: last)
        typing = FrameBudget(perSecond: 5, burst: 10, at: now)
    }
}

/// What feeds need of the house.
struct RoomSource: Sendable {
    let rooms: Rooms
    let notices: RoomNotices
    /// As they are now, those that there are.
    let look: @Sendable (TenantID, [RoomID]) async throws -> [Room]
}

extension SocketEntry {
    /// Encoded once, for all who listen here.
    init(_ message: Message) {
        var json = JSONWriter(capacity: 384 + (message.body?.utf8.count ?? 0))
        json.object { json in
            json.field("type", "message")
            json.message(message)
        }
        self.init(seq: message.seq, frame: WebSocketBytes.text(json.buffer))
    }
}
