import Cluster
import Foundation
import Kernel
import Logging
import Postgres
import Relational

/// The real servers of `series-a`, in a folder that goes with them; with tables for the bench.
struct StageServers: Sendable {
    let cluster: LocalCluster
    let scratch: Scratch
    /// Owns the tables.
    let owner: PostgresAddress
    /// The role that the product works as, at all servers.
    let app: PostgresAddress
    /// The same, through PgBouncer.
    let bouncer: PostgresAddress
    let redisURL: String
    let brokers: String
    /// What processes of the product read.
    let environment: [String: String]

    /// Rows of pgbench's table of accounts: a scale of 1.
    static let accounts = 100_000
    static let tenantRows = 1_000
    static let registers = 32

    /// Starts them, and stops them whatever comes of `body`, also when the bench is told to stop.
    static func with<Value>(
        repository: URL, scratch: Scratch, _ body: (StageServers) async throws -> Value
    ) async throws -> Value {
        let path = LocalCluster.standardPath("bench-\(getpid())")
        Children.atLast { await end(path) }
        defer { Children.atLast(nil) }
        do {
            let servers = try await up(path, repository, scratch)
            let value = try await body(servers)
            try await servers.cluster.down()
            return value
        } catch {
            // The first failure is the one to tell.
            _ = try? await LocalCluster.down(path)
            throw error
        }
    }

    /// Tries again while they are still being started, which cannot be called off.
    private static func end(_ path: String) async {
        let start = ContinuousClock.now
        while ContinuousClock.now < start + .seconds(35) {
            // Nobody is there any more to be told why it failed.
            let existed = try? await LocalCluster.down(path)
            if existed == true { return }
            // Not there yet, or not there any more.
            if existed == false, ContinuousClock.now > start + .seconds(3) { return }
            try? await Task.sleep(for: .milliseconds(100))  // Nobody cancels it.
        }
    }

    private static func up(_ path: String, _ repository: URL, _ scratch: Scratch) async throws -> StageServers
    {
        var settings = ClusterSettings()
        settings.hasPgBouncer = true
        Output.progress("starting the servers")
        let places = try RepositoryPlaces(root: repository.plainPath)
        let cluster = try await LocalCluster.up(settings, in: path, repository: places).cluster
        let servers = try StageServers(
            cluster: cluster, scratch: scratch, environment: try await cluster.environment.values)
        try await servers.makeTables()
        return servers
    }

    private init(cluster: LocalCluster, scratch: Scratch, environment: [String: String]) throws {
        func value(_ name: String) throws -> String {
            guard let value = environment["CLOUDSTREAM_" + name] else {
                throw RunFailure("the cluster does not tell \(name)")
            }
            return value
        }
        self.cluster = cluster
        self.scratch = scratch
        self.environment = environment
        owner = try PostgresAddress(value("POSTGRES_OWNER_URL"))
        app = try PostgresAddress(value("POSTGRES_URL"))
        bouncer = try PostgresAddress(value("PGBOUNCER_URL"))
        redisURL = try value("REDIS_URL")
        brokers = try value("KAFKA_BROKERS")
    }

    var primary: PostgresAddress { app.server(0) }

    var versions: [String] {
        get async throws {
            var seen: Set<String> = []
            return try await cluster.status().map { "\($0.technology) \($0.version)" }.filter {
                seen.insert($0).inserted
            }
        }
    }

    // MARK: Tables

    private func makeTables() async throws {
        let schema = PostgresSchema(PostgresSettings(url: primary.url, ownerURL: owner.url))
        _ = try await schema.prepare()
        try await PgBench(servers: self).makeTables()
        try await ask(
            "GRANT SELECT, UPDATE ON pgbench_accounts TO \(app.user)",
            // pgbench looks there how much there is.
            "GRANT SELECT ON pgbench_branches TO \(app.user)",
            "CREATE TABLE bench_rows (tenant_id uuid NOT NULL, id bigint NOT NULL, body text NOT NULL, "
                + "PRIMARY KEY (tenant_id, id))",
            "SELECT cloudstream_guard_table('bench_rows')",
            "CREATE TABLE bench_registers (id bigint PRIMARY KEY, value bigint NOT NULL)",
            "INSERT INTO bench_registers SELECT i, 0 FROM generate_series(0, \(Self.registers - 1)) i",
            "GRANT SELECT, UPDATE ON bench_registers TO \(app.user)")
        try await withDriver(settings()) { driver in
            let database = Database(driver: driver)
            _ = try await database.write(WriteContext(tenant: Self.tenant)) { transaction in
                for id in 0..<Self.tenantRows {
                    try transaction.rows.insert(
                        into: Self.tenantTable, ["id": id, "body": String(repeating: "x", count: 84)])
                }
                return 0
            }
        }
        try await ask("ANALYZE")
    }

    static let tenant = TenantID()
    static let tenantTable = TenantTable("bench_rows")
    static let accountTable = SystemTable("pgbench_accounts")
    static let registerTable = SystemTable("bench_registers")

    /// Statements of the owner.
    func ask(_ statements: String..., within deadline: Duration = .seconds(120)) async throws {
        for statement in statements {
            try await PostgresConsole(url: owner.url, deadline: deadline).run(statement)
        }
    }

    // MARK: Drivers

    /// Of the primary alone, unless told otherwise.
    func settings(_ address: PostgresAddress? = nil) -> PostgresSettings {
        PostgresSettings(url: (address ?? primary).url)
    }

    func withDriver<Value: Sendable>(
        _ settings: PostgresSettings,
        observe: @escaping ReplicaSet.Observer = { _ in },
        _ body: (PostgresDriver) async throws -> Value
    ) async throws -> Value {
        let driver = try PostgresDriver(
            settings, logger: Self.logger, observe: observe, lookUp: { _ in .shared })
        do {
            let value = try await body(driver)
            await driver.close()
            return value
        } catch {
            await driver.close()
            throw error
        }
    }

    static var logger: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return logger
    }
}
