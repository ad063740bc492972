private import Foundation
import Kernel
package import NIOCore

/// What a client says, one JSON object in each text frame.
package enum ClientFrame: Sendable, Equatable {
    /// A room, and the sequence number of the last entry that the client has.
    package struct Place: Sendable, Equatable {
        package let room: RoomID
        package let afterSeq: Int64?

        package init(room: RoomID, afterSeq: Int64? = nil) {
            self.room = room
            self.afterSeq = afterSeq
        }
    }

    package struct Draft: Sendable, Equatable {
        package let room: RoomID
        package let clientID: String
        package let body: String
        package let parent: MessageID?

        package init(room: RoomID, clientID: String, body: String, parent: MessageID? = nil) {
            self.room = room
            self.clientID = clientID
            self.body = body
            self.parent = parent
        }
    }

    case hello(token: String?, rooms: [Place])
    case subscribe(Place)
    case unsubscribe(RoomID)
    case send(Draft)
    case typing(RoomID)
    case read(RoomID, seq: Int64)
    case ping
}

/// A frame that is none of ours, in words for its author.
package struct MalformedFrame: Error, Equatable {
    package let detail: String
}

extension ClientFrame {
    /// Fields that nobody knows are passed over, so that newer clients may say more.
    package init(json: ByteBuffer) throws(MalformedFrame) {
        let form: Form
        do {
            form = try JSONDecoder().decode(Form.self, from: Data(json.readableBytesView))
        } catch {
            throw MalformedFrame(detail: "not a JSON object of the form expected")
        }
        self = try form.frame()
    }

    private struct Form: Decodable {
        struct Room: Decodable {
            let id: RoomID
            let afterSeq: Int64?
        }

        let type: String
        let token: String?
        let rooms: [Room]?
        let roomId: RoomID?
        let afterSeq: Int64?
        let clientId: String?
        let body: String?
        let parentId: MessageID?
        let seq: Int64?

        func frame() throws(MalformedFrame) -> ClientFrame {
            switch type {
            case "hello":
                var places: [Place] = []
                for room in rooms ?? [] { places.append(try Self.place(room.id, room.afterSeq)) }
                return .hello(token: token, rooms: places)
            case "subscribe": return .subscribe(try Self.place(try room, afterSeq))
            case "unsubscribe": return .unsubscribe(try room)
            case "send":
                return .send(
                    Draft(
                        room: try room, clientID: try Self.need(clientId, "clientId"),
                        body: try Self.need(body, "body"), parent: parentId))
            case "typing": return .typing(try room)
            case "read":
                let seq = try Self.need(seq, "seq")
                guard seq >= 0 else { throw MalformedFrame(detail: "seq is below 0") }
                return .read(try room, seq: seq)
            case "ping": return .ping
            default: throw MalformedFrame(detail: "type is none of ours")
            }
        }

        private var room: RoomID {
            get throws(MalformedFrame) { try Self.need(roomId, "roomId") }
        }

        private static func need<Value>(_ value: Value?, _ name: String) throws(MalformedFrame) -> Value {
            guard let value else { throw MalformedFrame(detail: "\(name) is missing") }
            return value
        }

        private static func place(_ room: RoomID, _ afterSeq: Int64?) throws(MalformedFrame) -> Place {
            // As far as a JSON number is exact everywhere, and no sum with it overflows.
            guard (0...1 << 53).contains(afterSeq ?? 0) else {
                throw MalformedFrame(detail: "afterSeq is out of range")
            }
            return Place(room: room, afterSeq: afterSeq)
        }
    }
}
