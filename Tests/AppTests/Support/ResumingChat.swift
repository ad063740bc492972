import Foundation
import TestSocket

/// A client that talks without end, and comes back whenever its connection goes: it sends the next message when the one
/// before was acknowledged, sends again what was not, and fetches what it is told is missing.
actor ResumingChat {
    private let client: APIClient
    private let room: String
    private let name: String
    private(set) var seen: [ChatHistory.Entry] = []
    private(set) var sent: [String] = []
    private(set) var acknowledged: [String: Int64] = [:]
    private(set) var connections = 0
    private(set) var gaps = 0
    private(set) var faults: [String] = []
    private var pending: (id: String, parent: String?)?
    private var number = 0
    private var isStopping = false

    init(_ client: APIClient, room: String, name: String) {
        self.client = client
        self.room = room
        self.name = name
    }

    var last: Int64 { seen.last?.seq ?? 0 }
    /// Nothing more is sent; what waits for its acknowledgement still is.
    func stop() { isStopping = true }
    var isSettled: Bool { isStopping && pending == nil }

    /// Until cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await talk()
            } catch {
                // Whatever ended the connection, the next one goes on from here.
                try? await Task.sleep(for: .milliseconds(Int.random(in: 20...120)))
            }
        }
    }

    private func talk() async throws {
        let chat = try await ChatClient.connect(client, rooms: [(room, last)])
        defer { chat.socket.cut() }
        try await chat.next("subscribed", within: .seconds(10))
        connections += 1
        try await proceed(chat)
        while !Task.isCancelled {
            let frame = try await chat.frame(within: .seconds(20))
            switch frame["type"] as? String {
            case "message": take(frame)
            case "ack": try await acknowledge(frame, chat)
            case "gap": try await fetch()
            case "error": try await retry(frame, chat)
            default: break
            }
        }
    }

    private func take(_ frame: [String: Any]) {
        guard let entry = ChatHistory.Entry(frame) else { return faults.append("\(frame)") }
        seen.append(entry)
    }

    private func acknowledge(_ frame: [String: Any], _ chat: ChatClient) async throws {
        guard let id = frame["clientId"] as? String, let seq = (frame["seq"] as? NSNumber)?.int64Value else {
            return
        }
        if let before = acknowledged[id], before != seq { faults.append("\(id) was \(before), now \(seq)") }
        if acknowledged.updateValue(seq, forKey: id) == nil { sent.append(id) }
        guard pending?.id == id else { return }
        pending = nil
        try await proceed(chat)
    }

    /// Says the next thing, or again what was not acknowledged.
    private func proceed(_ chat: ChatClient) async throws {
        if pending == nil {
            guard !isStopping else { return }
            number += 1
            pending = ("\(name)-\(number)", number % 4 == 0 ? seen.last?.id : nil)
        }
        guard let pending else { return }
        var frame: [String: Any] = [
            "type": "send", "roomId": room, "clientId": pending.id, "body": "\(pending.id) says",
        ]
        frame["parentId"] = pending.parent
        try await chat.send(frame)
    }

    private func retry(_ frame: [String: Any], _ chat: ChatClient) async throws {
        let code = frame["code"] as? String ?? ""
        let isTransient = [
            "unavailable", "overloaded", "timeout", "outcome_unknown", "internal", "cancelled",
        ]
        .contains(code)
        guard isTransient else { return faults.append("\(frame)") }
        guard frame["clientId"] != nil else { throw ChatClient.Closed(code: 0, reason: code) }
        try await Task.sleep(for: .milliseconds(100))
        try await proceed(chat)
    }

    /// All that is behind, by requests; live entries that came meanwhile are there again and are dropped here.
    private func fetch() async throws {
        gaps += 1
        while true {
            let answer = try await client.send("GET", "/v1/rooms/\(room)/messages?afterSeq=\(last)&limit=100")
            guard answer.status == 200, let items = answer["items"] as? [[String: Any]] else {
                throw ChatClient.Closed(code: 0, reason: "history")
            }
            for item in items { take(item) }
            if answer["hasMore"] as? Bool != true { break }
        }
        // The connection may tell of them too; another begins behind them.
        throw ChatClient.Closed(code: 0, reason: "gap filled")
    }

    /// All that was said in a room, as it is stored.
    static func stored(_ client: APIClient, _ room: String) async throws -> [ChatHistory.Entry] {
        var entries: [ChatHistory.Entry] = []
        while true {
            let answer = try await client.served(
                "GET", "/v1/rooms/\(room)/messages?afterSeq=\(entries.last?.seq ?? 0)&limit=100")
            guard answer.status == 200, let items = answer["items"] as? [[String: Any]] else {
                throw StageFailure("\(answer.json)")
            }
            entries += items.compactMap(ChatHistory.Entry.init)
            if answer["hasMore"] as? Bool != true { return entries }
        }
    }
}
