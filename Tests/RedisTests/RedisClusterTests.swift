import Cluster
import Kernel
import Testing

@testable import Redis

/// Three primaries that share the keys.
@Suite(
    .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(5)))
struct RedisClusterTests {
    /// The port of the bus, which by itself is one of those that the system gives to clients.
    private static func options(bus: Int) -> [String] {
        [
            "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
            "1000",
            "--cluster-port", "\(bus)", "--repl-diskless-sync-delay", "0",
        ]
    }

    private func withCluster(replicas: Int = 0, _ test: ([RedisServer], RedisSettings) async throws -> Void)
        async throws
    {
        var nodes: [RedisServer] = []
        defer { for node in nodes { node.remove() } }
        var buses: [Int] = []
        for _ in 0..<(3 + replicas) {
            buses.append(try PortChoice.takeOne())
            nodes.append(try await RedisServer.start(Self.options(bus: buses[buses.count - 1])))
        }
        for (index, node) in nodes.enumerated() {
            if index < 3 {
                let first = index * 5461
                try await cluster(node, "ADDSLOTSRANGE", "\(first)", "\(index == 2 ? 16_383 : first + 5460)")
            }
            try await cluster(node, "SET-CONFIG-EPOCH", "\(index + 1)")
            if index > 0 { try await cluster(node, "MEET", "127.0.0.1", "\(nodes[0].port)", "\(buses[0])") }
        }
        for index in 3..<(3 + replicas) {
            let primary = try await id(nodes[index - 3])
            #expect(
                try await eventually {
                    await failure { try await cluster(nodes[index], "REPLICATE", primary) } == nil
                })
        }
        for node in nodes {
            try #require(
                try await eventually {
                    let info = try await cluster(node, "INFO").text ?? ""
                    return info.contains("cluster_state:ok")
                        && info.contains("cluster_known_nodes:\(nodes.count)")
                })
        }
        for replica in nodes[3...] { try #require(try await eventually { try await follows(replica) }) }
        var settings = nodes[0].settings
        settings.url = "redis-cluster://127.0.0.1:\(nodes[0].port),127.0.0.1:\(nodes[1].port)"
        try await test(nodes, settings)
    }

    private func follows(_ replica: RedisServer) async throws -> Bool {
        let role = try await withClient(replica.settings) { try await $0.send(RedisCommand(name: "ROLE")) }
        return role.array?.contains(.bytes(Array("connected".utf8))) == true
    }

    @discardableResult
    private func cluster(_ node: RedisServer, _ words: String...) async throws -> RedisReply {
        try await withClient(node.settings) {
            try await $0.send(RedisCommand(name: "CLUSTER", leading: words.map { .text($0) }))
        }
    }

    private func id(_ node: RedisServer) async throws -> String {
        try #require(try await cluster(node, "MYID").text)
    }

    @Test func `keys, scripts and messages find their nodes`() async throws {
        try await withCluster { nodes, settings async throws in
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                let limiter = RedisRateLimiter(client: client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            try await cache.set("\(number)", [UInt8(number)], lifetime: .seconds(60))
                            #expect(try await cache.get("\(number)") == [UInt8(number)])
                            #expect(try await limiter.take("\(number)", limit: 1, per: .seconds(600)) == nil)
                            #expect(try await limiter.take("\(number)", limit: 1, per: .seconds(600)) != nil)
                        }
                    }
                    try await group.waitForAll()
                }
                for node in nodes {
                    let size = try await withClient(node.settings) {
                        try await $0.send(RedisCommand(name: "DBSIZE"))
                    }
                    #expect((size.integer ?? 0) > 50)
                }
                let pubSub = RedisPubSub(client: client)
                for channel in ["a", "b", "c", "d"] {
                    let subscription = try await pubSub.subscribe(channel, capacity: 10)
                    try await pubSub.publish(channel, Array(channel.utf8))
                    for await message in subscription {
                        #expect(message == Array(channel.utf8))
                        break
                    }
                }
                await pubSub.close()
            }
        }
    }

    @Test func `a slot is followed while it moves and after`() async throws {
        try await withCluster { nodes, settings async throws in
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                let key = RedisKey(settings.keyPrefix + "cache:", "{tag}")
                let slot = key.slot
                let source = slot / 5461
                let target = (source + 1) % 3
                for number in 0..<10 {
                    try await cache.set("{tag}\(number)", [UInt8(number)], lifetime: .seconds(600))
                }
                try await cluster(
                    nodes[target], "SETSLOT", "\(slot)", "IMPORTING", try await id(nodes[source]))
                try await cluster(
                    nodes[source], "SETSLOT", "\(slot)", "MIGRATING", try await id(nodes[target]))
                // Half of them go.
                for number in 0..<5 {
                    _ = try await withClient(nodes[source].settings) {
                        try await $0.send(
                            RedisCommand(
                                name: "MIGRATE",
                                leading: [.text("127.0.0.1"), .integer(Int64(nodes[target].port))],
                                key: RedisKey(settings.keyPrefix + "cache:", "{tag}\(number)"),
                                trailing: [.integer(0), .integer(5000)]))
                    }
                }
                for number in 0..<10 { #expect(try await cache.get("{tag}\(number)") == [UInt8(number)]) }
                try await cache.set("{tag}new", [42], lifetime: .seconds(600))
                #expect(try await cache.get("{tag}new") == [42])
                for number in 5..<10 {
                    _ = try await withClient(nodes[source].settings) {
                        try await $0.send(
                            RedisCommand(
                                name: "MIGRATE",
                                leading: [.text("127.0.0.1"), .integer(Int64(nodes[target].port))],
                                key: RedisKey(settings.keyPrefix + "cache:", "{tag}\(number)"),
                                trailing: [.integer(0), .integer(5000)]))
                    }
                }
                for node in [nodes[target], nodes[source]] {
                    try await cluster(node, "SETSLOT", "\(slot)", "NODE", try await id(nodes[target]))
                }
                for number in 0..<10 { #expect(try await cache.get("{tag}\(number)") == [UInt8(number)]) }
                #expect(try await cache.get("{tag}new") == [42])
            }
        }
    }

    @Test func `a killed primary is succeeded by its replica`() async throws {
        try await withCluster(replicas: 3) { nodes, settings async throws in
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                for number in 0..<30 { try await cache.set("\(number)", [1], lifetime: .seconds(600)) }
                await nodes[0].stop()
                for number in 0..<30 {
                    #expect(
                        try await eventually {
                            await failure { try await cache.set("\(number)", [2], lifetime: .seconds(600)) }
                                == nil
                        })
                    #expect(try await cache.get("\(number)") == [2])
                }
            }
        }
    }

    @Test func `seeds that are no cluster are told`() async throws {
        try await withServer { server async throws in
            var settings = server.settings
            settings.url = "redis-cluster://127.0.0.1:\(server.port)"
            try await withClient(settings) { client async throws in
                let failure = await failure { try await client.ping() }
                #expect(failure?.isTransient == true || failure?.code == "internal")
                #expect(client.trouble != nil)
            }
        }
    }
}
