import Foundation
import NIOCore
import TestSocket
import Testing

/// Live chat by several processes.
extension ChatTests {
    @Test(.enabled(if: TestStage.current.hasGateway, "one process has nobody to share with"))
    func `people on two processes share a room`() async throws {
        try await RunningApp.shared { app in
            let team = try await Team(app.base)
            try await Self.waitUntilBothServe(app, team.ann)
            var chats: [ChatClient] = []
            for client in [team.ann, team.bob, team.ann, team.bob] {
                let chat = try await ChatClient.connect(client, rooms: [(team.room, nil)])
                try await chat.next("subscribed")
                chats.append(chat)
            }
            for process in app.processes where process.roles == ["chat"] {
                var count = 0.0
                for _ in 0..<100 where count == 0 {
                    count = try await Self.metric("chat_connections", of: process)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(count >= 1, "each process has some of the connections")
            }
            for chat in chats { try await chat.next("presence") { $0["count"] as? Int == 2 } }
            for number in 1...20 { try await chats[number % 4].say("\(number)", in: team.room) }
            for chat in chats {
                for number in 1...20 { #expect(try await chat.next("message")["seq"] as? Int == number) }
            }
        }
    }

    /// The gateway knows all instances that hold connections once each has had one.
    private static func waitUntilBothServe(_ app: RunningApp, _ client: APIClient) async throws {
        // Held, so that the next goes where there are fewer.
        var held: [ChatClient] = []
        var served = 0
        while served < 2, held.count < 50 {
            let chat = try await retrying { try await ChatClient.connect(client) }
            try await chat.next("welcome")
            held.append(chat)
            try await Task.sleep(for: .milliseconds(300))
            served = 0
            for process in app.processes where process.roles == ["chat"] {
                if try await metric("chat_connections_total", of: process) > 0 { served += 1 }
            }
        }
        for chat in held { try await chat.close() }
        try await Task.sleep(for: .milliseconds(500))
    }

    @Test(.enabled(if: TestStage.current.hasGateway, "clients of one process come without a gateway"))
    func `who is no gateway of this deployment gets no connection`() async throws {
        try await RunningApp.shared { app in
            let process = try #require(app.processes.first { $0.roles == ["chat"] })
            let error = await #expect(throws: SocketClient.Refused.self) {
                _ = try await SocketClient.connect(port: process.port)
            }
            #expect(error?.status == 401)
        }
    }

    static func metric(_ name: String, of process: ProgramProcess) async throws -> Double {
        let client = APIClient(base: URL(string: "http://127.0.0.1:\(process.adminPort)")!)
        let text = String(decoding: try await client.send("GET", "/metrics").data, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
    }
}
