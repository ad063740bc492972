package import Kernel
package import NIOCore

/// What the server says, but for the entries of rooms, which are encoded where they were stored.
package enum ServerFrame: Sendable, Equatable {
    /// A room and the sequence number of its newest entry.
    package struct Head: Sendable, Equatable {
        package let room: RoomID
        package let lastSeq: Int64

        package init(room: RoomID, lastSeq: Int64) {
            self.room = room
            self.lastSeq = lastSeq
        }
    }

    /// A stored message, as its sender is told.
    package struct Receipt: Sendable, Equatable {
        package let clientID: String
        package let room: RoomID
        package let seq: Int64
        package let id: MessageID

        package init(clientID: String, room: RoomID, seq: Int64, id: MessageID) {
            self.clientID = clientID
            self.room = room
            self.seq = seq
            self.id = id
        }
    }

    /// A refusal that does not end the connection.
    package struct Refusal: Sendable, Equatable {
        package let code: String
        package let detail: String
        package let room: RoomID?
        package let clientID: String?

        package init(_ failure: Failure, room: RoomID? = nil, clientID: String? = nil) {
            code = failure.code
            detail = failure.detail
            self.room = room
            self.clientID = clientID
        }
    }

    case welcome(user: UserID, tenant: TenantID, heartbeatSeconds: Int, rooms: [Head])
    case subscribed(Head)
    case acknowledged(Receipt)
    case presence(RoomID, users: [UserID], count: Int)
    case typing(RoomID, UserID)
    case read(RoomID, UserID, seq: Int64)
    case gap(RoomID, fromSeq: Int64)
    case draining(afterSeconds: Int)
    case pong
    case error(Refusal)

    package var json: ByteBuffer {
        var json = JSONWriter(capacity: 160)
        json.object { json in
            json.field("type", name)
            write(into: &json)
        }
        return json.buffer
    }

    private var name: String {
        switch self {
        case .welcome: "welcome"
        case .subscribed: "subscribed"
        case .acknowledged: "ack"
        case .presence: "presence"
        case .typing: "typing"
        case .read: "read"
        case .gap: "gap"
        case .draining: "draining"
        case .pong: "pong"
        case .error: "error"
        }
    }

    private func write(into json: inout JSONWriter) {
        switch self {
        case .welcome(let user, let tenant, let heartbeat, let rooms):
            json.field("userId", user)
            json.field("tenantId", tenant)
            json.field("heartbeatSeconds", heartbeat)
            json.array("rooms", rooms) { json, head in
                json.object { json in
                    json.field("id", head.room)
                    json.field("lastSeq", head.lastSeq)
                }
            }
        case .subscribed(let head):
            json.field("roomId", head.room)
            json.field("lastSeq", head.lastSeq)
        case .acknowledged(let receipt):
            json.field("clientId", receipt.clientID)
            json.field("roomId", receipt.room)
            json.field("seq", receipt.seq)
            json.field("id", receipt.id)
        case .presence(let room, let users, let count):
            json.field("roomId", room)
            json.array("userIds", users) { $0.value($1.description) }
            json.field("count", count)
        case .typing(let room, let user):
            json.field("roomId", room)
            json.field("userId", user)
        case .read(let room, let user, let seq):
            json.field("roomId", room)
            json.field("userId", user)
            json.field("seq", seq)
        case .gap(let room, let seq):
            json.field("roomId", room)
            json.field("fromSeq", seq)
        case .draining(let seconds): json.field("afterSeconds", seconds)
        case .pong: break
        case .error(let refusal):
            json.field("code", refusal.code)
            json.field("detail", refusal.detail)
            if let room = refusal.room { json.field("roomId", room) }
            if let client = refusal.clientID { json.field("clientId", client) }
        }
    }
}
