private import Foundation
import Kernel
package import Postgres
package import Relational

/// A database of one test on the shared server, with the schema in it; removed at the end.
package struct TestPostgres: Sendable {
    /// Of the role that owns the schema, and of the one that the application works as; both for this database.
    package let ownerURL: String
    package let url: String
    package let name: String

    /// A server has a limited number of connections.
    private static let turns = Turns(8)
    /// Each removal has a connection while the server writes down what it has in memory; few share in that.
    private static let removals = Turns(3)
    private static let servers: (owner: String, application: String)? = {
        let environment = ProcessInfo.processInfo.environment
        guard let owner = environment["CLOUDSTREAM_POSTGRES_OWNER_URL"],
            let application = environment["CLOUDSTREAM_POSTGRES_URL"]
        else { return nil }
        return (owner, application)
    }()

    /// Whether there is a server; `bench cluster up` starts one.
    package static var isAvailable: Bool { servers != nil }

    /// Runs `body` with a database that has the program's schema and `extra`, and cleans up whatever comes of it.
    package static func with<Value>(
        _ extra: [Migration] = [], _ body: (TestPostgres) async throws -> Value
    ) async throws -> Value {
        try await run(try await PostgresTemplates.shared.name(extra), body)
    }

    /// Runs `body` with as many databases as it asks for, each with the program's schema.
    package static func withSeveral<Value>(
        _ count: Int, _ body: ([TestPostgres]) async throws -> Value
    ) async throws -> Value {
        let template = try await PostgresTemplates.shared.name([])
        // Few of them have more than a connection or two.
        await turns.begin((count + 1) / 2)
        var databases: [TestPostgres] = []
        do {
            for _ in 0..<count { databases.append(try await make(from: template)) }
            let value = try await body(databases)
            for database in databases { database.remove() }
            await turns.end((count + 1) / 2)
            return value
        } catch {
            for database in databases { database.remove() }
            await turns.end((count + 1) / 2)
            throw error
        }
    }

    /// Runs `body` with a database without a schema.
    package static func withEmpty<Value>(_ body: (TestPostgres) async throws -> Value) async throws -> Value {
        try await run("template0", body)
    }

    private static func run<Value>(
        _ template: String, _ body: (TestPostgres) async throws -> Value
    ) async throws -> Value {
        await turns.begin()
        do {
            let value = try await run(in: try await make(from: template), body)
            await turns.end()
            return value
        } catch {
            await turns.end()
            throw error
        }
    }

    private static func run<Value>(
        in database: TestPostgres, _ body: (TestPostgres) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(database)
            database.remove()
            return value
        } catch {
            database.remove()
            throw error
        }
    }

    package var settings: PostgresSettings {
        PostgresSettings(url: url, ownerURL: ownerURL, connections: 4, asksForMarks: true)
    }

    /// With bounds that only end a hang, unless `change` sets others: machines that run tests may be slow.
    package func driver(
        lookUp: TenantPlacements.LookUp? = nil, _ change: (inout PostgresSettings) -> Void = { _ in }
    ) throws -> PostgresDriver {
        var settings = settings
        settings.connectDeadline = .seconds(30)
        settings.statementDeadline = .seconds(120)
        change(&settings)
        var routing = ReplicaSet.Settings(probeDeadline: .seconds(10))
        routing.routing.failoverPatience = .seconds(15)
        return try PostgresDriver(settings, routing: routing, lookUp: lookUp)
    }

    /// Runs `body` with a driver on the database.
    package func withDriver<Value>(
        lookUp: TenantPlacements.LookUp? = nil, _ change: (inout PostgresSettings) -> Void = { _ in },
        _ body: (PostgresDriver) async throws -> Value
    ) async throws -> Value {
        let driver = try driver(lookUp: lookUp, change)
        do {
            let value = try await body(driver)
            await driver.close()
            return value
        } catch {
            await driver.close()
            throw error
        }
    }

    /// Statements of the owner, with the rows of the last.
    @discardableResult
    package func own(_ statement: String) async throws -> [[String?]] {
        try await PostgresConsole(url: ownerURL).run(statement)
    }

    fileprivate static func console() throws -> PostgresConsole {
        guard let servers else { throw Failure.unavailable("A Postgres server for tests") }
        let url = try PostgresConsole.url(servers.owner, database: "postgres")
        return PostgresConsole(url: url, deadline: .seconds(300))
    }

    fileprivate static func named(_ name: String) throws -> TestPostgres {
        guard let servers else { throw Failure.unavailable("A Postgres server for tests") }
        return TestPostgres(
            ownerURL: try PostgresConsole.url(servers.owner, database: name),
            url: try PostgresConsole.url(servers.application, database: name), name: name)
    }

    private static func make(from template: String) async throws -> TestPostgres {
        let name = "test_" + UUIDv7().description.filter { $0 != "-" }
        try await console().run("CREATE DATABASE \(name) TEMPLATE \(template)")
        return try named(name)
    }

    /// Not waited for, since the server syncs all its files for it; one that is left over is removed by a later run.
    private func remove() {
        Tidying.begin { [name] in
            await Self.removals.begin()
            _ = try? await Self.console().run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            await Self.removals.end()
        }
    }
}

/// Databases that tests copy, each made once by this process: copying is far quicker than migrating.
private actor PostgresTemplates {
    static let shared = PostgresTemplates()

    private var making: [[Int]: Task<String, any Error>] = [:]

    func name(_ extra: [Migration]) async throws -> String {
        let numbers = extra.map(\.number)
        if let task = making[numbers] { return try await task.value }
        let task = Task { try await Self.make(extra) }
        making[numbers] = task
        return try await task.value
    }

    private static func make(_ extra: [Migration]) async throws -> String {
        let name = "template_" + UUIDv7().description.filter { $0 != "-" }
        let console = try TestPostgres.console()
        try await removeOld(console)
        try await console.run("CREATE DATABASE \(name)")
        _ = try await PostgresSchema(try TestPostgres.named(name).settings, migrations: Migration.all + extra)
            .prepare()
        return name
    }

    /// Those of processes that ended long ago: names tell when they were made.
    private static func removeOld(_ console: PostgresConsole) async throws {
        let names = try await console.run(
            "SELECT datname FROM pg_database WHERE datname ~ '^(template|test)_0'")
        let limit = Timestamp.now() - .seconds(3600)
        for name in names.compactMap({ $0.first ?? nil }) {
            guard let stamp = name.split(separator: "_").last,
                let milliseconds = Int64(stamp.prefix(12), radix: 16),
                Timestamp(milliseconds: milliseconds) < limit
            else { continue }
            // Another process may remove it at the same time.
            _ = try? await console.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        }
    }
}
