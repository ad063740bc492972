import Kernel
import Testing

@testable import Redis

/// What happens when the server, or the line to it, fails.
@Suite(
    .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(5)))
struct RedisFaultTests {
    private static func settings(_ port: Int) -> RedisSettings {
        var settings = RedisSettings(url: "redis://127.0.0.1:\(port)")
        settings.commandDeadline = .seconds(20)
        settings.connectDeadline = .seconds(20)
        settings.reconnect = Backoff(first: .milliseconds(10), maximum: .milliseconds(100))
        return settings
    }

    /// A client behind a line, once its connection is old enough to be replaced at once.
    private func withLine(_ test: (FaultyLine, RedisClient) async throws -> Void) async throws {
        try await withServer { server async throws in
            try await FaultyLine.run(to: server.port) { line async throws in
                try await withClient(Self.settings(line.port)) { client async throws in
                    try await client.ping()
                    try await Task.sleep(for: .milliseconds(20))
                    try await test(line, client)
                }
            }
        }
    }

    @Test func `a connection cut in a reply is replaced, and what may be repeated is`() async throws {
        try await withLine { line, client async throws in
            let cache = RedisCache(client: client)
            let value = [UInt8](repeating: 7, count: 50_000)
            try await cache.set("k", value, lifetime: .seconds(60))
            for bytes in [0, 1, 5, 20_000] {
                line.set(.cut(afterBytes: bytes))
                #expect(try await cache.get("k") == value)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(line.connectionCount == 5)
        }
    }

    @Test func `what may not be repeated fails, and was done once at most`() async throws {
        try await withLine { line, client async throws in
            let cache = RedisCache(client: client)
            line.set(.cut(afterBytes: 0))
            #expect(
                await failure { _ = try await cache.setIfAbsent("k", [1], lifetime: .seconds(60)) }?.code
                    == "unavailable")
            #expect(try await !cache.setIfAbsent("k", [2], lifetime: .seconds(60)))
            #expect(try await cache.get("k") == [1])
        }
    }

    @Test func `of many callers all are answered rightly when the line is cut`() async throws {
        try await withLine { line, client async throws in
            let cache = RedisCache(client: client)
            for number in 0..<64 { try await cache.set("\(number)", [UInt8(number)], lifetime: .seconds(60)) }
            let (right, failed) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for number in 0..<64 {
                    group.addTask {
                        var (right, failed) = (0, 0)
                        for _ in 0..<200 {
                            do {
                                let value = try await cache.get("\(number)")
                                #expect(value == [UInt8(number)])
                                right += 1
                            } catch let failure as Failure where failure.isTransient {
                                failed += 1
                                try await Task.sleep(for: .milliseconds(1))
                            }
                        }
                        return (right, failed)
                    }
                }
                group.addTask {
                    for _ in 0..<5 {
                        try await Task.sleep(for: .milliseconds(30))
                        line.cut()
                    }
                    return (0, 0)
                }
                return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
            }
            #expect(right + failed == 64 * 200)
            #expect(right > 0)
        }
    }

    enum Garbage: String, CaseIterable {
        case anotherProtocol = "HTTP/1.1 400 Bad Request\r\n\r\n"
        case halfOfAnArray = "*3\r\n:1\r\n!"
        case endless = "$99999999\r\n"

        var text: String { rawValue + String(repeating: "x", count: self == .endless ? 1 << 20 : 0) }
    }

    @Test(arguments: Garbage.allCases)
    func `garbage ends the connection, with a clear failure`(_ garbage: Garbage) async throws {
        try await withServer { server async throws in
            try await FaultyLine.run(to: server.port) { line async throws in
                var settings = Self.settings(line.port)
                settings.maximumReplyBytes = 100_000
                settings.maximumValueBytes = 10_000
                try await withClient(settings) { client async throws in
                    try await client.ping()
                    line.set(.replace(with: garbage.text))
                    let failure = await failure {
                        _ = try await client.send(RedisCommand(name: "INCR", key: RedisKey("", "n")))
                    }
                    #expect(failure?.code == "unavailable")
                    #expect(failure?.detail.contains("cannot be read") == true)
                    #expect(try await eventually { await answers(client) })
                    #expect(line.connectionCount == 2)
                }
            }
        }
    }

    @Test func `a reply that nobody asked for ends the connection`() async throws {
        try await withLine { line, client async throws in
            line.set(.replace(with: "+PONG\r\n+PONG\r\n"))
            try await client.ping()
            #expect(try await eventually { line.connectionCount == 2 })
            #expect(try await eventually { await answers(client) })
        }
    }

    @Test func `a server that stands still costs its callers the deadline, and then nothing`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.commandDeadline = .milliseconds(300)
            settings.connectDeadline = .seconds(1)
            settings.reconnect = Backoff(first: .milliseconds(500), maximum: .milliseconds(500))
            try await withClient(settings) { client async throws in
                #expect(try await eventually { await answers(client) })
                #expect(client.trouble == nil)
                server.pause()
                let clock = ContinuousClock()
                let first = await clock.measure {
                    #expect(await failure { try await client.ping() }?.code == "timeout")
                }
                #expect(first >= .milliseconds(300) && first < .seconds(5))
                #expect(
                    try await eventually { await failure { try await client.ping() }?.code == "unavailable" })
                let trouble = try #require(client.trouble)
                #expect(trouble.since <= .now())
                var refusals: [Duration] = []
                for _ in 0..<1000 {
                    refusals.append(await clock.measure { _ = await failure { try await client.ping() } })
                }
                // The median, which no pause of the machine moves.
                #expect(refusals.sorted()[500] < .milliseconds(2))
                server.resume()
                #expect(try await eventually { await answers(client) })
                #expect(client.trouble == nil)
            }
        }
    }

    @Test func `a server that is killed and comes back is found again`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                let limiter = RedisRateLimiter(client: client)
                try await cache.set("k", [1], lifetime: .seconds(60))
                #expect(try await limiter.take("k", limit: 1, per: .seconds(60)) == nil)
                await server.stop()
                #expect(
                    try await eventually {
                        await failure { _ = try await cache.get("k") }?.code == "unavailable"
                    })
                #expect(
                    await failure { _ = try await limiter.take("k", limit: 1, per: .seconds(60)) }?
                        .isTransient == true)
                try await server.launch()
                #expect(try await eventually { await answers(client) })
                // It came back empty, and has forgotten the script.
                #expect(try await cache.get("k") == nil)
                #expect(try await limiter.take("k", limit: 1, per: .seconds(60)) == nil)
                #expect(try await limiter.take("k", limit: 1, per: .seconds(60)) != nil)
            }
        }
    }

    @Test func `emptied while it is used, it goes on`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                let limiter = RedisRateLimiter(client: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        group.addTask {
                            for _ in 0..<100 {
                                try await cache.set("\(task)", [UInt8(task)], lifetime: .seconds(60))
                                if let value = try await cache.get("\(task)") {
                                    #expect(value == [UInt8(task)])
                                }
                                _ = try await limiter.take("\(task)", limit: 5, per: .seconds(60))
                            }
                        }
                    }
                    for _ in 0..<20 {
                        _ = try await client.send(RedisCommand(name: "FLUSHALL"))
                        _ = try await client.send(RedisCommand(name: "SCRIPT", leading: [.text("FLUSH")]))
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a server that is not there is told at once`() async throws {
        let server = try await RedisServer.start()
        defer { server.remove() }
        await server.stop()
        try await withClient(server.settings) { client async throws in
            let failure = await failure { try await client.ping() }
            #expect(failure?.code == "unavailable")
            #expect(failure?.detail.contains("127.0.0.1:\(server.port)") == true)
        }
    }

    @Test func `a wrong password is told, not the password`() async throws {
        try await withServer(["--requirepass", "right"]) { server async throws in
            for login in ["", ":wrong@", "nobody:right@"] {
                var settings = server.settings
                settings.url = "redis://\(login)127.0.0.1:\(server.port)"
                try await withClient(settings) { client async throws in
                    let failure = await failure { try await client.ping() }
                    #expect(failure?.code == "unavailable")
                    #expect(failure?.detail.contains("refused the login") == true)
                    let text = failure?.description ?? ""
                    #expect(!text.contains("wrong"))
                }
            }
            var settings = server.settings
            settings.url = "redis://default:right@127.0.0.1:\(server.port)/3"
            settings.clientName = "it-is-me"
            try await withClient(settings) { client async throws in
                let list =
                    try await client.send(RedisCommand(name: "CLIENT", leading: [.text("LIST")])).text ?? ""
                #expect(list.contains("name=it-is-me") && list.contains("db=3"))
            }
        }
    }

    @Test func `a full server is overloaded`() async throws {
        try await withServer(["--maxmemory", "1mb", "--maxmemory-policy", "noeviction"]) {
            server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                let value = [UInt8](repeating: 1, count: 10_000)
                let failure = await failure {
                    for number in 0..<1000 { try await cache.set("\(number)", value, lifetime: .seconds(60)) }
                }
                #expect(failure?.code == "overloaded")
                #expect(try await cache.get("absent") == nil)
            }
        }
    }
}

/// Whether the client can use its server again.
func answers(_ client: RedisClient) async -> Bool { await failure { try await client.ping() } == nil }
