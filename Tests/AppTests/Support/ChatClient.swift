import Foundation
import TestSocket
import Testing

/// Somebody at a chat: a connection, what it said, and what was said to it.
struct ChatClient: Sendable {
    typealias Frame = [String: Any]

    let socket: SocketClient

    /// Greeted; `rooms` with the last sequence number that the client has of each, if any.
    static func connect(
        _ client: APIClient, rooms: [(id: String, after: Int64?)] = [], headers: [(String, String)] = []
    ) async throws -> ChatClient {
        let port = try #require(client.base.port)
        let chat = ChatClient(socket: try await SocketClient.connect(port: port, headers: headers))
        try await chat.send([
            "type": "hello", "token": client.token ?? "",
            "rooms": rooms.map { room -> Frame in
                guard let after = room.after else { return ["id": room.id] }
                return ["id": room.id, "afterSeq": after]
            },
        ])
        return chat
    }

    func send(_ frame: Frame) async throws {
        let json = try JSONSerialization.data(withJSONObject: frame, options: .sortedKeys)
        try await socket.send(String(decoding: json, as: UTF8.self))
    }

    func say(_ body: String, in room: String, as clientID: String = UUID().uuidString) async throws {
        try await send(["type": "send", "roomId": room, "clientId": clientID, "body": body])
    }

    struct Closed: Error {
        let code: UInt16
        let reason: String
    }

    /// The next frame of `type` that `fits`; those before it are passed over.
    @discardableResult
    func next(
        _ type: String, within limit: Duration = .seconds(15), where fits: (Frame) -> Bool = { _ in true }
    ) async throws -> Frame {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let frame = try await frame(within: deadline - ContinuousClock.now)
            if frame["type"] as? String == type, fits(frame) { return frame }
        }
        throw SocketClient.Silence()
    }

    func frame(within limit: Duration) async throws -> Frame {
        while true {
            switch try await socket.next(within: limit) {
            case .text(let text):
                return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Frame ?? [:]
            case .close(let code, let reason): throw Closed(code: code, reason: reason)
            case .end: throw Closed(code: 0, reason: "")
            case .ping, .pong: continue
            }
        }
    }

    func close() async throws { try await socket.close() }
}
