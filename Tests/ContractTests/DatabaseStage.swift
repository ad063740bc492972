import Identity
import Kernel
import Postgres
import Relational
import TestDatabase
import Videos

/// A database at home and others for tenants.
enum DatabaseStage {
    static func with(
        tenants count: Int, now: @escaping @Sendable () -> Timestamp = { .now() },
        _ body: (TenantDatabases) async throws -> Void
    ) async throws {
        try await TestPostgres.withSeveral(count + 1) { files in
            let inShared: TenantPlacements.LookUp = { _ in .shared }
            var drivers: [PostgresDriver] = []
            for (index, file) in files.enumerated() {
                let isHome = index == 0
                drivers.append(
                    try file.driver(lookUp: isHome ? nil : inShared) {
                        if !isHome { $0.storeName = "tenants-\(index)" }
                    })
            }
            let others = drivers.enumerated().dropFirst().map { index, driver in
                (name: "tenants-\(index)", driver: driver as any SQLDriver)
            }
            do {
                try await body(TenantDatabases(home: drivers[0], others: others, now: now))
            } catch {
                for driver in drivers { await driver.close() }
                throw error
            }
            for driver in drivers { await driver.close() }
        }
    }
}

extension TenantDatabases {
    /// What waits to be told, database by database.
    func told() async throws -> [Event] {
        var events: [Event] = []
        for part in all { events += try await Outbox(part.database).oldest(1_000).map(\.event) }
        return events
    }
}

/// Puts each tenant that a test uses into one of the databases, before it is first used.
actor DatabasePlaces: TenantPlaces {
    private let databases: TenantDatabases
    private var making: [TenantID: Task<Void, any Error>] = [:]

    init(_ databases: TenantDatabases) { self.databases = databases }

    func make(_ tenant: TenantID) async throws {
        if let task = making[tenant] { return try await task.value }
        let name = databases.others[making.count % databases.others.count].name
        let task = Task { [databases] in
            try await databases.home.writeSystem {
                try $0.insert(
                    into: SystemTable("tenant_directory"),
                    [
                        "tenant_id": tenant, "region": "eu", "shard": 0, "isolation": "shared",
                        "database_name": name, "epoch": 1,
                    ])
            }
        }
        making[tenant] = task
        try await task.value
    }
}
