import Kernel
import Postgres
import Relational

/// One row by key, asked for by 1, 16 and 64 at a time: the product's driver, which lets all share two connections,
/// against `pgbench` with a connection for each.
struct SingleSelects: Scenario {
    let name = "select"
    let servers: StageServers
    let duration: Duration

    private static let crowds = [1, 16, 64]
    private static let tenants = "one tenant's rows, 16", again = "pgbench, 16, once more"
    private static func ours(_ crowd: Int) -> String { "driver, \(crowd)" }
    private static func reference(_ crowd: Int) -> String { "pgbench, \(crowd)" }

    var arms: [Arm] {
        let pairs = Self.crowds.flatMap { crowd in
            [
                Arm(name: Self.ours(crowd)) { try await select(crowd, Self.account) },
                Arm(name: Self.reference(crowd)) { try await pgbench(crowd) },
            ]
        }
        return pairs + [
            Arm(name: Self.tenants) { try await select(16, Self.tenantRow) },
            Arm(name: Self.again) { try await pgbench(16) },
        ]
    }

    let rows: [Row] =
        crowds.map { crowd in
            Row(
                id: "select.\(crowd)",
                title:
                    "selects by key, \(crowd) \(crowd == 1 ? "task" : "tasks"): driver / pgbench -c \(crowd)",
                value: .ratio(ours(crowd), reference(crowd), .rate))
        } + [
            Row(
                id: "select.tenant", title: "selects by key, 16 tasks: behind row-level security / without",
                value: .ratio(tenants, ours(16), .rate)),
            Row(
                id: "select.rate", title: "selects by key, 64 tasks",
                value: .absolute(.init(arm: ours(64), measure: .rate), .perSecond)),
            Row(
                id: "noise.select", title: "noise: pgbench -c 16 / itself, later in the round",
                value: .ratio(again, reference(16), .rate)),
        ]

    private func select(
        _ crowd: Int, _ ask: @escaping @Sendable (Database, inout SplitMix) async throws -> Void
    ) async throws -> Reading {
        try await servers.withDriver(servers.settings()) { driver in
            let database = Database(driver: driver)
            return [
                .rate: try await TaskLoad(tasks: crowd, duration: duration).rate {
                    try await ask(database, &$0)
                }
            ]
        }
    }

    /// As `pgbench -S` does.
    @Sendable static func account(_ database: Database, _ random: inout SplitMix) async throws {
        let id = Int.random(in: 1...StageServers.accounts, using: &random)
        let found = try await database.readSystem {
            try $0.select("abalance", from: StageServers.accountTable, where: "aid = \(id)") {
                try $0.next(Int.self)
            }
        }
        guard found.count == 1 else { throw RunFailure("account \(id) was found \(found.count) times") }
    }

    @Sendable private static func tenantRow(_ database: Database, _ random: inout SplitMix) async throws {
        let id = Int.random(in: 0..<StageServers.tenantRows, using: &random)
        let found = try await database.read(StageServers.tenant) {
            try $0.select("body", from: StageServers.tenantTable, where: "id = \(id)") {
                try $0.next(String.self)
            }
        }
        guard found.count == 1 else { throw RunFailure("row \(id) was found \(found.count) times") }
    }

    private func pgbench(_ crowd: Int) async throws -> Reading {
        let load = PgBench.Load(clients: crowd, duration: duration, address: servers.primary)
        return [.rate: try await PgBench(servers: servers).rate(load)]
    }
}
