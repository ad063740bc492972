import Testing

@testable import Cluster

@Suite struct PlanTests {
    @Test
    func
        `a stage's servers are a primary with replicas, Redis, a broker and a store, each on a port of its own`()
        throws
    {
        let plans = try paperContext().families.flatMap(\.plans)
        #expect(
            plans.map(\.name) == ["postgres-1", "postgres-2", "postgres-3", "redis", "kafka", "s3", "smtp"])
        #expect(plans.map(\.port) == Array(20_000...20_006))
        #expect(plans.allSatisfy { $0.folder.hasPrefix("/c/") })
    }

    @Test func `the environment names the primary first, and each server's address`() throws {
        let context = try paperContext()
        let values = context.families.reduce(into: [:]) { $0.merge($1.environment) { $1 } }
        let secrets = context.state.secrets
        #expect(
            values["CLOUDSTREAM_POSTGRES_URL"]
                == "postgresql://cloudstream_app:\(secrets.postgresApp)@127.0.0.1:20000,127.0.0.1:20001,127.0.0.1:20002"
                + "/cloudstream?target_session_attrs=any")
        #expect(
            values["CLOUDSTREAM_POSTGRES_OWNER_URL"]
                == "postgresql://cloudstream_owner:\(secrets.postgresOwner)@127.0.0.1:20000/cloudstream")
        #expect(values["CLOUDSTREAM_REDIS_URL"] == "redis://:\(secrets.redis)@127.0.0.1:20003/0")
        #expect(values["CLOUDSTREAM_KAFKA_BROKERS"] == "127.0.0.1:20004")
        #expect(values["CLOUDSTREAM_S3_ENDPOINT"] == "http://127.0.0.1:20005")
        #expect(values["CLOUDSTREAM_S3_BUCKET"] == "cloudstream")
        #expect(values["CLOUDSTREAM_SMTP_URL"] == "smtp://127.0.0.1:20006?tls=none")
    }

    @Test(arguments: [
        (ClusterSettings.RedisForm.single, 1, "redis://:P@127.0.0.1:20000/0"),
        (.sentinel, 5, "redis-sentinel://:P@127.0.0.1:20002,127.0.0.1:20003,127.0.0.1:20004/cloudstream"),
        (
            .cluster, 6,
            "redis-cluster://:P@127.0.0.1:20000,127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003,127.0.0.1:20004,"
                + "127.0.0.1:20005"
        ),
    ])
    func `each form of Redis has its servers and its address`(
        form: ClusterSettings.RedisForm, servers: Int, url: String
    ) throws {
        let context = try paperContext {
            $0.technologies = [.redis]
            $0.redis = form
        }
        let family = try #require(context.families.first)
        #expect(family.plans.count == servers)
        #expect(
            family.environment["CLOUDSTREAM_REDIS_URL"]?.replacing(context.state.secrets.redis, with: "P")
                == url)
    }

    @Test func `after a promotion the new primary comes first, in order of start and in addresses`() throws {
        let context = try paperContext { $0.technologies = [.postgres] }
        var state = context.state
        state.primary = "postgres-3"
        let servers = PostgresServers(FamilyContext(path: "/c", state: state))
        #expect(servers.plans.map(\.name) == ["postgres-3", "postgres-1", "postgres-2"])
        #expect(
            servers.environment["CLOUDSTREAM_POSTGRES_OWNER_URL"]?.hasSuffix("@127.0.0.1:20002/cloudstream")
                == true)
    }

    @Test func `behind a proxy the broker tells clients the proxy's port`() throws {
        let context = try paperContext {
            $0.technologies = [.kafka]
            $0.kafkaAdvertisedPort = 30_000
        }
        let family = try #require(context.families.first)
        let command = try #require(family.plans.first?.command)
        #expect(command.contains("tcp://127.0.0.1:20000") && command.contains("tcp://127.0.0.1:30000"))
        #expect(family.environment["CLOUDSTREAM_KAFKA_BROKERS"] == "127.0.0.1:30000")
    }

    @Test func `no password stands in a command line, where every user of the machine could read it`() throws
    {
        for form in ClusterSettings.RedisForm.allCases {
            for store in ClusterSettings.S3Store.allCases {
                let context = try paperContext {
                    $0.redis = form
                    $0.s3 = store
                    $0.hasPgBouncer = true
                }
                let secrets = Mirror(reflecting: context.state.secrets).children.compactMap {
                    $0.value as? String
                }
                #expect(secrets.count >= 9)
                for word in context.families.flatMap(\.plans).flatMap(\.command) {
                    #expect(!secrets.contains { word.contains($0) }, "\(word)")
                }
            }
        }
    }

    @Test func `settings that cannot be are refused in words`() {
        var settings = ClusterSettings()
        settings.replicas = 9
        #expect(throws: ClusterFailure.self) { try settings.check() }
        settings = .only([.redis])
        settings.hasPgBouncer = true
        #expect(throws: ClusterFailure.self) { try settings.check() }
        settings = .only([])
        #expect(throws: ClusterFailure.self) { try settings.check() }
        settings = .init()
        settings.firstPort = 40_000
        #expect(throws: ClusterFailure.self) { try settings.check() }
    }
}

@Suite struct PortChoiceTests {
    @Test func `each name gets the next free port`() throws {
        let choice = PortChoice(first: 20_000) { ![20_001, 20_002].contains($0) }
        #expect(try choice.take(["a", "b", "c"]) == ["a": 20_000, "b": 20_003, "c": 20_004])
    }

    @Test func `no port is taken from where the system takes those of outgoing connections`() {
        let choice = PortChoice(first: 32_766) { _ in true }
        #expect(throws: ClusterFailure.self) { try choice.take(["a", "b", "c"]) }
    }

    /// Who got it may listen only after others have asked: a program's processes start behind the proxies before them.
    @Test func `no port is given twice by chance, used or not`() throws {
        let three = Set(32_700..<32_703)
        let isFree: @Sendable (Int) -> Bool = { three.contains($0) }
        let ports = try (0..<3).map { _ in
            try #require(PortChoice(first: nil, isFree: isFree).take(["a"])["a"])
        }
        #expect(Set(ports) == three)
        #expect(throws: ClusterFailure.self) { try PortChoice(first: nil, isFree: isFree).take(["a"]) }
    }

    @Test func `a port in use is not free`() async throws {
        let proxy = try await FaultProxy.start(to: 1)
        #expect(!PortChoice.canBind(proxy.port))
        try await proxy.stop()
        // A child that another test just starts has the socket too, until its own program begins.
        for _ in 0..<500 where !PortChoice.canBind(proxy.port) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(PortChoice.canBind(proxy.port))
    }
}
