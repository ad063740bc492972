import InProcess
import Kernel
import Logging
import Postgres
import Relational

/// A database for tenants, opened.
struct TenantDatabase: Sendable {
    let name: String
    let driver: any SQLDriver
    let waitingWrites: @Sendable () -> Int
    /// What there is to tell of its servers; nil if all is well.
    let condition: @Sendable () -> String?
}

/// What `migrate` did to one database.
package struct MigratedDatabase: Sendable {
    package let name: String
    /// It was made first.
    package let isNew: Bool
    /// Numbers of the steps taken.
    package let steps: [Int]
}

extension Assembly {
    /// Those beside the one at home. One that is away does not keep the process from starting, one with an older
    /// schema does.
    func tenantDatabases(_ settings: PostgresServersSettings) async throws -> [TenantDatabase] {
        var databases: [TenantDatabase] = []
        for entry in settings.databases.entries {
            let configuration = try configuration(entry, settings)
            let driver = try PostgresDriver(
                configuration, routing: Self.routing(settings), logger: logger,
                observe: { [metrics] in metrics.note($0) }, lookUp: { _ in .shared })
            let gated = GatedDriver(CountedDriver(base: driver, metrics: metrics)) {
                _ = try await PostgresSchema(configuration).prepare()
            }
            databases.append(
                TenantDatabase(
                    name: entry.name, driver: gated, waitingWrites: { driver.load.waiting },
                    condition: { driver.health?.summary }))
            do {
                try await gated.pass()
            } catch let failure as Failure where failure.isTransient && failure.code != "schema_outdated" {
                logger.warning(
                    "a database of tenants cannot be reached",
                    metadata: ["database": "\(entry.name)", "error": "\(failure)"])
            }
        }
        return databases
    }

    static func routing(_ settings: PostgresServersSettings) -> ReplicaSet.Settings {
        var routing = ReplicaSet.Settings(probeInterval: settings.replicas.probeInterval)
        routing.routing.maximumLag = settings.replicas.maximumLag
        routing.routing.replicaPatience = settings.replicas.patience
        return routing
    }

    private func configuration(
        _ entry: TenantDatabaseList.Entry, _ home: PostgresServersSettings
    ) throws -> PostgresSettings {
        var configuration = try configuration(home)
        configuration.url = try PostgresDatabases.url(
            of: entry.settings.dbname, at: try secret(entry.settings.url, .text).text)
        configuration.storeName = entry.name
        configuration.connections = entry.settings.connections
        configuration.pipelineConnections = entry.settings.pipelines
        return configuration
    }

    /// The queue of each database, as one.
    func jobQueues(_ databases: TenantDatabases) -> JobQueues {
        let queues = databases.all.map { jobQueue($0.database) }
        let removeFinished: @Sendable (Timestamp) async throws -> Void = { time in
            var failure: (any Error)?
            for queue in queues {
                do { _ = try await queue.removeFinished(before: time) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        guard queues.count > 1 else {
            return JobQueues(port: queues[0], wakeup: queues[0].wakeup, removeFinished: removeFinished)
        }
        let spread = SpreadJobQueue(queues) { try await databases.index(of: $0) }
        return JobQueues(port: spread, wakeup: spread.wakeup, removeFinished: removeFinished)
    }

    func probes(of databases: TenantDatabases, _ opened: [TenantDatabase]) -> [HealthProbe] {
        zip(databases.others, opened).map { named, opened in
            HealthProbe(name: "relational.\(named.name)", isVital: false) {
                try await named.database.check()
                return opened.condition()
            }
        }
    }
}

/// The queue of jobs, and what its tables need.
struct JobQueues: Sendable {
    let port: any JobQueue
    let wakeup: Wakeup
    let removeFinished: @Sendable (_ before: Timestamp) async throws -> Void
}

extension Assembly {
    /// Who owns the schemas, and who will serve.
    package struct MigrationRoles: Sendable {
        let owner: SecretReference
        /// Of single databases, where it is another.
        let owners: [String: SecretReference]
        /// Nil for the one in the profile's own addresses.
        let serving: String?

        package init(
            owner: SecretReference, owners: [String: SecretReference] = [:], serving: String? = nil
        ) {
            self.owner = owner
            self.owners = owners
            self.serving = serving
        }
    }

    /// Makes the schema of each database, as a role that may, and first the databases of tenants that are not there.
    package func migrate(_ roles: MigrationRoles) async throws -> [MigratedDatabase] {
        guard case .postgres(let settings) = profile.relational else {
            throw Failure(
                .invalid, "no_owner",
                "A file has no owner to act for: it is brought up to date at every start.")
        }
        let known = settings.databases.entries.map(\.name)
        if let stranger = roles.owners.keys.sorted().first(where: { !known.contains($0) }) {
            throw Failure(
                .invalid, "database_unknown",
                "The profile has no database \"\(stranger)\" under relational.postgres.databases.")
        }
        let owner = try secret(roles.owner, .text).text
        var migrated = [
            MigratedDatabase(
                name: TenantDatabases.homeName, isNew: false,
                steps: try await migrate(owner, settings.url, roles))
        ]
        for entry in settings.databases.entries {
            let name = entry.settings.dbname
            let ownerURL = try self.owner(of: entry, owner, settings, roles)
            let isNew = try await PostgresDatabases.create(name, ownerURL: ownerURL)
            migrated.append(
                MigratedDatabase(
                    name: entry.name, isNew: isNew,
                    steps: try await migrate(ownerURL, entry.settings.url, roles)))
        }
        return migrated
    }

    private func migrate(
        _ ownerURL: String, _ url: SecretReference, _ roles: MigrationRoles
    ) async throws -> [Int] {
        let url = try roles.serving.map { "postgresql://\($0)@localhost" } ?? secret(url, .text).text
        var configuration = PostgresSettings(url: url)
        configuration.ownerURL = ownerURL
        return try await PostgresSchema(configuration).prepare()
    }

    private func owner(
        of entry: TenantDatabaseList.Entry, _ owner: String, _ settings: PostgresServersSettings,
        _ roles: MigrationRoles
    ) throws -> String {
        let name = entry.settings.dbname
        if let own = roles.owners[entry.name] {
            return try PostgresDatabases.url(of: name, at: try secret(own, .text).text)
        }
        guard entry.settings.url != settings.url else {
            return try PostgresDatabases.url(of: name, at: owner)
        }
        return try PostgresDatabases.ownerURL(
            of: name, at: try secret(entry.settings.url, .text).text, as: owner)
    }
}
