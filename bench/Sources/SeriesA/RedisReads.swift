import Foundation
import Kernel
import NIOPosix
import Redis

/// Values by key from the cache that processes share: 64 tasks over one connection, against a program that does nothing
/// else, over 64 with 16 commands each, and over one with 64.
struct RedisReads: Scenario {
    let name = "redis"
    let servers: StageServers
    let duration: Duration

    private static let tasks = 64
    private static let ours = "cache", reference = "redis-benchmark", same = "redis-benchmark, 1 connection"
    private static let bare = "bare"
    /// A guess, for it takes a number of requests and no time.
    private static let referencePerSecond = 500_000.0

    var arms: [Arm] {
        [
            Arm(name: Self.ours, run: get),
            Arm(name: Self.bare, run: getBare),
            Arm(name: Self.reference) { try await benchmark(connections: Self.tasks, depth: 16) },
            Arm(name: Self.same) { try await benchmark(connections: 1, depth: Self.tasks) },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "redis.get", title: "GET, 64 tasks, 1 connection: cache / redis-benchmark -c 64 -P 16",
            value: .ratio(ours, reference, .rate)),
        Row(
            id: "redis.same", title: "GET, 64 tasks, 1 connection: cache / redis-benchmark -c 1 -P 64",
            value: .ratio(ours, same, .rate)),
        Row(
            id: "redis.bare", title: "GET, 64 tasks, 1 connection: cache / bare socket in Swift",
            value: .ratio(ours, bare, .rate)),
        Row(
            id: "redis.floor",
            title: "GET, 64 tasks, 1 connection: bare socket in Swift / redis-benchmark -c 64 -P 16",
            value: .ratio(bare, reference, .rate)),
        Row(
            id: "redis.floor.same",
            title: "GET, 64 tasks, 1 connection: bare socket in Swift / redis-benchmark -c 1 -P 64",
            value: .ratio(bare, same, .rate)),
        Row(
            id: "redis.rate", title: "GET, 64 tasks, 1 connection",
            value: .absolute(.init(arm: ours, measure: .rate), .perSecond)),
    ]

    private func get() async throws -> Reading {
        let client = try RedisClient(
            settings: RedisSettings(url: servers.redisURL),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: StageServers.logger)
        do {
            let cache = RedisCache(client: client)
            // As long as those that `redis-benchmark` reads.
            try await cache.set("value", [0x78, 0x78, 0x78], lifetime: .seconds(600))
            let rate = try await TaskLoad(tasks: Self.tasks, duration: duration).rate { _ in
                guard try await cache.get("value")?.count == 3 else { throw RunFailure("the value is gone") }
            }
            await client.close()
            return [.rate: rate]
        } catch {
            await client.close()
            throw error
        }
    }

    private func getBare() async throws -> Reading {
        let (url, inbox) = (servers.redisURL, try BareGets.Inbox())
        async let answering: Void = inbox.answer { try BareGets(url: url, inbox: inbox).run() }
        let load = TaskLoad(tasks: Self.tasks, duration: duration)
        let rate = try await inbox.whileOpen {
            try await load.rate { _ in
                guard try await inbox.ask(()).count == 3 else { throw RunFailure("the value is another") }
            }
        }
        try await answering
        return [.rate: rate]
    }

    private func benchmark(connections: Int, depth: Int) async throws -> Reading {
        guard let url = URLComponents(string: servers.redisURL), let port = url.port else {
            throw RunFailure("this is no URL of Redis")
        }
        // It makes the value that it reads, so that both get as many bytes.
        _ = try await run(port, url.password, ["-t", "set", "-n", "1000", "-P", "16", "-q"])
        let count = Int(Self.referencePerSecond * (duration / .seconds(1)))
        let report = try await run(
            port, url.password,
            ["-t", "get", "-n", "\(count)", "-P", "\(depth)", "-c", "\(connections)", "--csv"])
        return [.rate: try Self.requestsPerSecond(report)]
    }

    /// Reads `"GET","812345.00","0.5",...`.
    static func requestsPerSecond(_ report: String) throws -> Double {
        guard let line = report.firstMatch(of: /"GET[^"]*","(\d+\.?\d*)"/), let rate = Double(line.1) else {
            throw RunFailure("redis-benchmark told no rate: \(report.suffix(300))")
        }
        return rate
    }

    private func run(_ port: Int, _ password: String?, _ arguments: [String]) async throws -> String {
        try await servers.scratch.withFolder { folder in
            try await Program(
                executable: "/usr/bin/env",
                arguments: ["redis-benchmark", "-h", "127.0.0.1", "-p", "\(port)"]
                    + (password.map { ["-a", $0] } ?? []) + arguments, folder: folder
            ).output()
        }
    }
}
