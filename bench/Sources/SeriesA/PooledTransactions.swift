import Kernel
import Postgres
import Relational

/// Transactions of eight clients: the pool inside the product's driver against a pool that is a program of its own.
struct PooledTransactions: Scenario {
    let name = "pool"
    let servers: StageServers
    let duration: Duration

    private static let clients = 8
    private static let ours = "pool", reference = "PgBouncer"
    private static let writing = "pool, writing", referenceWriting = "PgBouncer, writing"

    var arms: [Arm] {
        [
            Arm(name: Self.ours) { try await transact(Self.readTwo) },
            Arm(name: Self.reference) { try await pgbench(Self.readScript) },
            Arm(name: Self.writing) { try await transact(Self.writeOne) },
            Arm(name: Self.referenceWriting) { try await pgbench(Self.writeScript) },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "pool.pgbouncer",
            title: "transactions of two selects, 8 clients: pool / pgbench through PgBouncer",
            value: .ratio(ours, reference, .rate)),
        Row(
            id: "pool.writes",
            title: "transactions of one update, 8 clients: pool / pgbench through PgBouncer",
            value: .ratio(writing, referenceWriting, .rate)),
    ]

    private func transact(
        _ body: @escaping @Sendable (Database, inout SplitMix) async throws -> Void
    ) async throws -> Reading {
        var settings = servers.settings()
        settings.connections = Self.clients
        return try await servers.withDriver(settings) { driver in
            let database = Database(driver: driver)
            let load = TaskLoad(tasks: Self.clients, duration: duration)
            return [.rate: try await load.rate { try await body(database, &$0) }]
        }
    }

    @Sendable private static func readTwo(_ database: Database, _ random: inout SplitMix) async throws {
        let ids = (0..<2).map { _ in Int.random(in: 1...StageServers.accounts, using: &random) }
        let found = try await database.readSystem { reader in
            try ids.flatMap { id in
                try reader.select("abalance", from: StageServers.accountTable, where: "aid = \(id)") {
                    try $0.next(Int.self)
                }
            }
        }
        guard found.count == 2 else { throw RunFailure("\(found.count) of 2 accounts were found") }
    }

    @Sendable private static func writeOne(_ database: Database, _ random: inout SplitMix) async throws {
        let id = Int.random(in: 1...StageServers.accounts, using: &random)
        let changed = try await database.writeSystem {
            try $0.update(StageServers.accountTable, set: "abalance = abalance + 1", where: "aid = \(id)")
        }
        guard changed == 1 else { throw RunFailure("account \(id) was changed \(changed) times") }
    }

    /// Simple, since PgBouncer pools transactions and cannot keep what clients prepare.
    private func pgbench(_ script: String) async throws -> Reading {
        let load = PgBench.Load(
            work: .script(script, units: 1), clients: Self.clients, mode: "simple", duration: duration,
            address: servers.bouncer)
        return [.rate: try await PgBench(servers: servers).rate(load)]
    }

    private static let readScript = """
        \\set a random(1, \(StageServers.accounts))
        \\set b random(1, \(StageServers.accounts))
        BEGIN;
        SELECT abalance FROM pgbench_accounts WHERE aid = :a;
        SELECT abalance FROM pgbench_accounts WHERE aid = :b;
        COMMIT;

        """
    private static let writeScript = """
        \\set a random(1, \(StageServers.accounts))
        BEGIN;
        UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :a;
        COMMIT;

        """
}
