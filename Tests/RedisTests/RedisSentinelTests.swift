import Kernel
import Testing

@testable import Redis

/// A primary, a replica and three Sentinels, which make the replica the primary when that dies.
@Suite(
    .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(5)))
struct RedisSentinelTests {
    private struct Stage {
        let primary: RedisServer
        let replica: RedisServer
        let sentinels: [RedisServer]

        var settings: RedisSettings {
            var settings = primary.settings
            let hosts = sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
            settings.url = "redis-sentinel://\(hosts)/main"
            settings.connectDeadline = .seconds(5)
            return settings
        }
    }

    private func withStage(_ test: (Stage) async throws -> Void) async throws {
        let primary = try await RedisServer.start()
        defer { primary.remove() }
        let replica = try await RedisServer.start([
            "--replicaof", "127.0.0.1 \(primary.port)", "--repl-diskless-sync-delay", "0",
        ])
        defer { replica.remove() }
        var sentinels: [RedisServer] = []
        defer { for sentinel in sentinels { sentinel.remove() } }
        let configuration = """
            port {port}
            bind 127.0.0.1
            dir {folder}
            sentinel monitor main 127.0.0.1 \(primary.port) 2
            sentinel down-after-milliseconds main 500
            sentinel failover-timeout main 3000
            """
        for _ in 0..<3 {
            sentinels.append(
                try await RedisServer.start(
                    ["{folder}/sentinel.conf", "--sentinel"], files: ["sentinel.conf": configuration]))
        }
        let stage = Stage(primary: primary, replica: replica, sentinels: sentinels)
        try #require(try await eventually { try await isReady(stage) })
        try await test(stage)
    }

    /// The replica follows, and all Sentinels know of it and of each other.
    private func isReady(_ stage: Stage) async throws -> Bool {
        let role = try await withClient(stage.replica.settings) {
            try await $0.send(RedisCommand(name: "ROLE"))
        }
        guard role.array?.contains(.bytes(Array("connected".utf8))) == true else { return false }
        for sentinel in stage.sentinels {
            let info = try await withClient(sentinel.settings) {
                try await $0.send(RedisCommand(name: "INFO", leading: [.text("sentinel")])).text ?? ""
            }
            guard info.contains("slaves=1,sentinels=3") else { return false }
        }
        return true
    }

    @Test func `the primary is found, and the next one when it is killed`() async throws {
        try await withStage { stage async throws in
            try await withClient(stage.settings) { client async throws in
                let cache = RedisCache(client: client)
                let pubSub = RedisPubSub(client: client)
                try await cache.set("k", [1], lifetime: .seconds(600))
                let before = try await pubSub.subscribe("a", capacity: 10)
                // The replica has it.
                #expect(
                    try await client.send(
                        RedisCommand(name: "WAIT", leading: [.integer(1), .integer(10_000)])) == .integer(1))
                await stage.primary.stop()
                for await _ in before {}
                #expect(
                    try await eventually {
                        await failure { try await cache.set("k2", [2], lifetime: .seconds(600)) } == nil
                    })
                #expect(try await cache.get("k") == [1])
                #expect(try await cache.get("k2") == [2])
                let role = try await withClient(stage.replica.settings) {
                    try await $0.send(RedisCommand(name: "ROLE"))
                }
                #expect(role.array?.first?.text == "master")
                #expect(
                    try await eventually {
                        await failure { _ = try await pubSub.subscribe("a", capacity: 1) } == nil
                    })
                await pubSub.close()
            }
        }
    }

    @Test func `Sentinels that are gone do not hide the others, and an unknown service is told`() async throws
    {
        try await withStage { stage async throws in
            await stage.sentinels[0].stop()
            stage.sentinels[1].pause()
            for _ in 0..<3 {
                try await withClient(stage.settings) { client async throws in try await client.ping() }
            }
            stage.sentinels[1].resume()
            var settings = stage.settings
            settings.url = settings.url.replacing("/main", with: "/other")
            try await withClient(settings) { client async throws in
                let failure = await failure { try await client.ping() }
                #expect(failure?.code == "unavailable")
            }
        }
    }

    @Test func `a server that is no primary any more is left`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let cache = RedisCache(client: client)
                try await cache.set("k", [1], lifetime: .seconds(60))
                _ = try await client.send(
                    RedisCommand(name: "REPLICAOF", leading: [.text("127.0.0.1"), .integer(1)]))
                try await Task.sleep(for: .milliseconds(30))
                #expect(
                    await failure { try await cache.set("k", [2], lifetime: .seconds(60)) }?.code
                        == "unavailable")
                _ = try await withClient(server.settings) {
                    try await $0.send(RedisCommand(name: "REPLICAOF", leading: [.text("NO"), .text("ONE")]))
                }
                #expect(
                    try await eventually {
                        await failure { try await cache.set("k", [2], lifetime: .seconds(60)) } == nil
                    })
            }
        }
    }
}
