import Kernel
package import Relational

/// Brings the schema up to the program's before anything else uses it, or makes sure that somebody did.
package struct PostgresSchema: Sendable {
    private let settings: PostgresSettings
    private let migrations: [Migration]

    /// `migrations` are those of all engines; those of Postgres alone are added.
    package init(_ settings: PostgresSettings, migrations: [Migration] = Migration.all) {
        self.settings = settings
        self.migrations = migrations
    }

    private static let undefinedTable = "42P01"

    private var steps: [Migration] { Migration.postgres + migrations + Migration.postgresTuning }

    /// With an owner's URL, applies what is missing and returns its numbers; many programs may do so at once.
    /// Without one, `unavailable` (code `schema_outdated`) if something is missing.
    package func prepare() async throws -> [Int] {
        guard settings.ownerURL != nil else {
            try await check()
            return []
        }
        return try await migrate()
    }

    private func migrate() async throws -> [Int] {
        guard let application = try PostgresURL(settings.url).user else {
            throw Failure(.invalid, "invalid_url", "The database's URL names no user.")
        }
        let steps = steps
        return try await withServer(.schema) { server in
            try await server.write(.system) { connection in
                guard let transaction = connection as? PostgresTransaction else { return [] }
                _ = try transaction.ask(PostgresSQL.lockSchema)
                let applied = try Migrator.migrate(steps, connection)
                _ = try transaction.ask(PostgresSQL.admit, [.text(application)])
                let tables = steps.flatMap(\.tenantTables).joined(separator: ",")
                _ = try transaction.ask(PostgresSQL.guardTables, [.text(tables)])
                _ = try transaction.ask(PostgresSQL.admitToEventLog, [.text(application)])
                return applied
            }.value
        }
    }

    private func check() async throws {
        let steps = steps
        let missing = try await withServer(.transactions) { server in
            do {
                return try await server.read(.system) { try Migrator.missing(steps, $0) }.value
            } catch let failure as Failure
                where (failure.cause as? PostgresError)?.sqlState == Self.undefinedTable
            {
                return steps.map(\.number)
            }
        }
        guard missing.isEmpty else {
            throw Failure(
                .unavailable, "schema_outdated",
                "The database lacks migrations \(missing), and no owner's URL is given to apply them with.")
        }
    }

    private func withServer<Value: Sendable>(
        _ purpose: PostgresURL.Purpose, _ body: (PostgresServer) async throws -> Value
    ) async throws -> Value {
        var settings = settings
        settings.connections = 1
        settings.pipelineConnections = 1
        if purpose == .schema { settings.statementDeadline = settings.migrationDeadline }
        let url = try PostgresURL(purpose == .schema ? settings.ownerURL ?? settings.url : settings.url)
        guard let address = url.addresses.first else {
            throw Failure(.invalid, "invalid_url", "The database's URL names no host.")
        }
        let server = try PostgresServer(
            address: address, settings: settings, placements: TenantPlacements(), purpose: purpose)
        do {
            let value = try await body(server)
            await server.close()
            return value
        } catch {
            await server.close()
            throw error
        }
    }
}
