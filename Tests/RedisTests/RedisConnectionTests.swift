import Kernel
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Redis

/// Many callers on one connection, with a real server.
@Suite(.enabled(if: RedisServer.isInstalled, "redis-server is not installed"), .timeLimit(.minutes(5)))
struct RedisConnectionTests {
    @Test(arguments: [1, 64, 1000])
    func `each of many callers gets its own reply`(_ tasks: Int) async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<tasks {
                        group.addTask {
                            for round in 0..<max(5, 500 / tasks) {
                                let value = Array("\(task) \(round)".utf8)
                                try await cache.set("\(task)", value, lifetime: .seconds(60))
                                #expect(try await cache.get("\(task)") == value)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `commands are done in the order in which one caller sent them`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let key = RedisKey("", "list")
                for number in 0..<500 {
                    let length = try await client.send(
                        RedisCommand(name: "RPUSH", key: key, trailing: [.integer(Int64(number))]))
                    #expect(length == .integer(Int64(number + 1)))
                }
                let list = try await client.send(
                    RedisCommand(name: "LRANGE", key: key, trailing: [.integer(0), .integer(-1)]))
                #expect(list.array?.compactMap(\.text) == (0..<500).map { "\($0)" })
            }
        }
    }

    @Test func `any bytes pass, many and few`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumValueBytes = 8 << 20
            settings.maximumReplyBytes = 9 << 20
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                let everyByte = (0...255).map { UInt8($0) }
                let large = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
                for (key, value) in [("small", everyByte), ("large", large), ("empty", [])] {
                    try await cache.set(key, value, lifetime: .seconds(60))
                    #expect(try await cache.get(key) == value)
                }
                for key in ["", "\r\n", "a\0b", "schlüssel", String(repeating: "k", count: 100_000)] {
                    try await cache.set(key, Array(key.utf8), lifetime: .seconds(60))
                    #expect(try await cache.get(key) == Array(key.utf8))
                }
            }
        }
    }

    @Test func `a value beyond the bound is not kept, nor the one before it`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumValueBytes = 10
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                try await cache.set("k", [1], lifetime: .seconds(60))
                try await cache.set("k", [UInt8](repeating: 1, count: 11), lifetime: .seconds(60))
                #expect(try await cache.get("k") == nil)
                #expect(
                    try await !cache.setIfAbsent(
                        "k", [UInt8](repeating: 1, count: 11), lifetime: .seconds(60)))
                try await cache.set("k", [1], lifetime: .seconds(60))
                try await cache.set("k", [2], lifetime: .zero)
                #expect(try await cache.get("k") == nil)
            }
        }
    }

    @Test func `beyond the bound commands are refused, and then taken again`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumInFlight = 100
            try await withClient(settings) { client async throws in
                try await client.ping()
                // The server stands still, so that nothing is answered meanwhile.
                server.pause()
                let results = await withTaskGroup(of: String?.self) { group in
                    for _ in 0..<300 { group.addTask { await failure { try await client.ping() }?.code } }
                    var results: [String?] = []
                    for await result in group {
                        results.append(result)
                        if results.count == 200 { server.resume() }
                    }
                    return results
                }
                #expect(results.filter { $0 == "overloaded" }.count == 200)
                #expect(results.filter { $0 == nil }.count == 100)
                try await client.ping()
            }
        }
    }

    @Test func `the bytes of what waits are bounded`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.maximumInFlightBytes = 100_000
            try await withClient(settings) { client async throws in
                try await client.ping()
                server.pause()
                let cache = RedisCache(client: client)
                let value = [UInt8](repeating: 1, count: 60_000)
                let results = await withTaskGroup(of: String?.self) { group in
                    for number in 0..<5 {
                        group.addTask {
                            await failure { try await cache.set("\(number)", value, lifetime: .seconds(60)) }?
                                .code
                        }
                    }
                    var results: [String?] = []
                    for await result in group {
                        results.append(result)
                        if results.count == 3 { server.resume() }
                    }
                    return results
                }
                #expect(results.filter { $0 == "overloaded" }.count == 3)
                #expect(results.filter { $0 == nil }.count == 2)
                try await cache.set("k", value, lifetime: .seconds(60))
            }
        }
    }

    @Test func `who is cancelled leaves at once, and others keep their replies`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                for number in 0..<3 {
                    try await cache.set("\(number)", [UInt8(number)], lifetime: .seconds(60))
                }
                server.pause()
                let tasks = (0..<3).map { number in Task { try await cache.get("\(number)") } }
                try await Task.sleep(for: .milliseconds(50))
                tasks[1].cancel()
                #expect(await failure { _ = try await tasks[1].value }?.code == "cancelled")
                server.resume()
                #expect(try await tasks[0].value == [0])
                #expect(try await tasks[2].value == [2])
                let late = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await cache.get("0")
                }
                #expect(await failure { _ = try await late.value }?.code == "cancelled")
                #expect(try await cache.get("1") == [1])
            }
        }
    }

    @Test func `a closed client refuses, and its waiting callers with it`() async throws {
        try await withServer { server async throws in
            let client = try RedisClient(
                settings: server.settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "test"))
            try await client.ping()
            server.pause()
            let waiting = Task { await failure { try await client.ping() }?.code }
            try await Task.sleep(for: .milliseconds(50))
            await client.close()
            #expect(await waiting.value == "unavailable")
            #expect(await failure { try await client.ping() }?.code == "unavailable")
            await client.close()
        }
    }

    @Test func `an error is an error of its caller alone`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                _ = try await client.send(
                    RedisCommand(
                        name: "LPUSH", key: RedisKey("cloudstream:cache:", "list"), trailing: [.text("x")]))
                async let wrong = failure { _ = try await cache.get("list") }
                async let right: [UInt8]? = cache.get("absent")
                #expect(await wrong?.code == "internal")
                #expect(try await right == nil)
            }
        }
    }
}
