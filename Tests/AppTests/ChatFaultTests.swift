import Cluster
import Foundation
import Testing

/// Nothing that was said is lost, doubled or out of order, while what serves the chat dies.
@Suite(.serialized) struct ChatFaultTests {
    /// Deaths in the test of deaths; an environment that has the time may ask for more.
    static let deaths =
        ProcessInfo.processInfo.environment["CLOUDSTREAM_CHAT_DEATHS"].flatMap(Int.init)
        ?? (TestStage.current.hasGateway ? 12 : 50)

    static let settings = [
        "chat.messagesPerMinute=100000", "chat.tenantMessagesPerMinute=1000000", "chat.sweepInterval=500ms",
        "chat.framesPerSecond=1000",
    ]

    /// Clients talk while `body` does its worst; then all that they saw and said is compared with what is stored.
    private func talkWhile(
        _ app: RunningApp, clients count: Int = 4, _ body: ([ResumingChat]) async throws -> Void
    ) async throws -> (history: ChatHistory, connections: Int) {
        let ann = try await APIClient.signedUp(app.base)
        let room = try await ann.send("POST", "/v1/rooms", ["kind": "team", "title": "Storm"]).text("id")
        var chats: [String: ResumingChat] = [:]
        for number in 1...count {
            let client = number == 1 ? ann : try await ann.invited("c\(number)")
            chats["c\(number)"] = ResumingChat(client, room: room, name: "c\(number)")
        }
        let talking = chats.values.map { chat in Task { await chat.run() } }
        defer { for task in talking { task.cancel() } }
        try await Self.moreIsSaid(app, Array(chats.values), 1)
        try await body(Array(chats.values))
        for chat in chats.values { await chat.stop() }
        let stored = try await settled(chats, ann, room)
        var history = ChatHistory(stored: stored)
        var connections = 0
        for (name, chat) in chats {
            history.seen[name] = await chat.seen
            history.sent[name] = await chat.sent
            history.acknowledged.merge(await chat.acknowledged) { $1 }
            connections += await chat.connections
            let faults = await chat.faults
            #expect(faults.isEmpty, "\(faults.prefix(3))")
        }
        return (history, connections)
    }

    /// Waits until `count` more messages were acknowledged.
    private static func moreIsSaid(_ app: RunningApp, _ chats: [ResumingChat], _ count: Int) async throws {
        func said() async -> Int {
            var said = 0
            for chat in chats { said += await chat.acknowledged.count }
            return said
        }
        let goal = await said() + count
        try await app.until { await said() >= goal }
    }

    /// Once everybody has all acknowledgements and has seen the end.
    private func settled(
        _ chats: [String: ResumingChat], _ ann: APIClient, _ room: String
    ) async throws -> [ChatHistory.Entry] {
        let limit = ContinuousClock.now + .seconds(120)
        var waiting: [String] = []
        repeat {
            try await Task.sleep(for: .milliseconds(100))
            waiting = []
            var top: Int64 = 0
            for (name, chat) in chats {
                if await !chat.isSettled { waiting.append("\(name) for its acknowledgement") }
                top = max(top, await chat.acknowledged.values.max() ?? 0)
            }
            guard waiting.isEmpty else { continue }
            let stored = try await ResumingChat.stored(ann, room)
            let end = stored.last?.seq ?? 0
            // Ann's place does not cover what others said last: a replica may show her less, for a while.
            if end < top { waiting.append("the history for \(top), at \(end)") }
            for (name, chat) in chats where await chat.last < end { waiting.append("\(name) for \(end)") }
            if waiting.isEmpty { return stored }
        } while ContinuousClock.now < limit
        throw StageFailure("did not settle; waiting: \(waiting)")
    }

    @Test func `however often the server is killed, nothing is lost, doubled or out of order`() async throws {
        try await RunningApp.with(Self.settings) { app in
            let servers = app.processes.filter { $0.roles.contains("chat") }
            let (history, connections) = try await talkWhile(app) { chats in
                for death in 0..<Self.deaths {
                    let server = servers[death % servers.count]
                    server.signal(SIGKILL)
                    _ = await server.ended()
                    try await app.relaunch(server)
                    // Now amid coming back, now amid talking.
                    if death % 2 == 1 { try await Self.moreIsSaid(app, chats, 10) }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 100...500)))
                }
            }
            #expect(history.findings.isEmpty, "\(history.findings.prefix(5)) of \(history.stored.count)")
            #expect(history.stored.count > Self.deaths * 4, "\(history.stored.count) messages in all")
            #expect(connections > Self.deaths, "\(connections) connections")
        }
    }

    @Test func `servers that drain one after the other lose nothing`() async throws {
        try await RunningApp.with(Self.settings) { app in
            let servers = app.processes.filter { $0.roles.contains("chat") }
            let (history, _) = try await talkWhile(app) { _ in
                for server in servers {
                    server.signal(SIGTERM)
                    #expect(await server.ended() == 0)
                    try await app.relaunch(server)
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
            #expect(history.findings.isEmpty, "\(history.findings.prefix(5)) of \(history.stored.count)")
        }
    }

    @Test(.enabled(if: TestStage.current.hasGateway, "one process has no Redis"))
    func `without Redis, and with it again, nothing is lost`() async throws {
        let variable = "CLOUDSTREAM_REDIS_URL"
        let (proxies, url) = try await FaultWeb.proxies(
            before: try StagePlace.server(ProcessInfo.processInfo.environment, variable))
        try await RunningApp.with(Self.settings, environment: [variable: url]) { app in
            let (history, _) = try await talkWhile(app) { chats in
                for _ in 0..<3 {
                    for proxy in proxies { try await proxy.cut() }
                    try await Task.sleep(for: .seconds(2))
                    for proxy in proxies { try await proxy.heal() }
                    try await Task.sleep(for: .seconds(2))
                    try await Self.moreIsSaid(app, chats, 18)
                }
            }
            #expect(history.findings.isEmpty, "\(history.findings.prefix(5)) of \(history.stored.count)")
            #expect(history.stored.count > 50)
        }
        for proxy in proxies { try await proxy.stop() }
    }

    @Test(.enabled(if: TestStage.current.hasGateway, "one process has no Redis"))
    func `a Redis that forgets all loses nothing that was said`() async throws {
        try await StageFaultTests.withServers(.only([.redis])) { _, environment in
            try await RunningApp.with(Self.settings, environment: environment) { app in
                let (history, _) = try await talkWhile(app) { chats in
                    for _ in 0..<15 {
                        try await StageFaultTests.flushRedis(app)
                        try await Task.sleep(for: .milliseconds(200))
                        try await Self.moreIsSaid(app, chats, 4)
                    }
                }
                #expect(history.findings.isEmpty, "\(history.findings.prefix(5)) of \(history.stored.count)")
                #expect(history.stored.count > 50)
            }
        }
    }

    /// Those of another library send in fragments, ping, offer compression, and break off without a word.
    @Test func `clients of another make lose nothing while servers die and drain`() async throws {
        try await RunningApp.with(Self.settings) { app in
            let ann = try await APIClient.signedUp(app.base)
            let room = try await ann.room(["kind": "team", "title": "Foreign"])
            var tokens = [ann.token ?? ""]
            for name in ["Ben", "Cem", "Dee"] { tokens.append(try await ann.invited(name).token ?? "") }
            let script = RunningApp.repository.appending(path: "Tests/clients/talk.py").path
            let end = app.folder.appending(path: "talk-ends").path(percentEncoded: false)
            let words = [script, app.base.absoluteString, tokens.joined(separator: ","), room, end]
            async let talk = ChildCommand.run("/usr/bin/python3", words, [:])
            // Also where this fails: what was begun is waited for.
            defer { _ = FileManager.default.createFile(atPath: end, contents: nil) }
            func entries() async throws -> [ChatHistory.Entry] {
                // None while nobody answers.
                (try? await ResumingChat.stored(ann, room)) ?? []
            }
            // Everybody has begun.
            try await app.until {
                try await Set(entries().map { $0.clientID.prefix { $0 != "-" } }).count == tokens.count
            }
            var said = 0
            let servers = app.processes.filter { $0.roles.contains("chat") }
            for (number, signal) in [SIGTERM, SIGKILL, SIGTERM, SIGKILL].enumerated() {
                let server = servers[number % servers.count]
                server.signal(signal)
                _ = await server.ended()
                try await app.relaunch(server)
                said = try await max(said, entries().count)
                try await app.until { try await entries().count >= said + 12 }
            }
            _ = FileManager.default.createFile(atPath: end, contents: nil)
            let (status, output) = try await talk
            #expect(status == 0, "\(output)")
            let told = try #require(
                try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(output)")
            for (key, least) in ["messages": 40, "connections": 8, "fragmented": 4, "pongs": 1, "drains": 1] {
                #expect(told[key] as? Int ?? 0 >= least, "\(key): \(output)")
            }
        }
    }
}
