import Foundation
import Kernel
import Synchronization
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

let things = SystemTable("things")
let thingsSchema = Migration(
    900, "server tests",
    """
    CREATE TABLE things (
        id {integer} NOT NULL PRIMARY KEY, name TEXT, data {bytes}, number {real}, uid {uuid}, flag {integer});
    """)

/// A database of one table for tests of a server, and what they do with it.
protocol ThingsStage {}

extension ThingsStage {
    func withDriver(_ body: (PostgresDriver) async throws -> Void) async throws {
        try await withDriver { _ in
        } _: { driver, _ in
            try await body(driver)
        }
    }

    func withDriver(_ body: (PostgresDriver, TestPostgres) async throws -> Void) async throws {
        try await withDriver { _ in
        } _: {
            try await body($0, $1)
        }
    }

    func withDriver(
        _ change: (inout PostgresSettings) -> Void,
        _ body: (PostgresDriver, TestPostgres) async throws -> Void
    ) async throws {
        try await TestPostgres.with([thingsSchema]) { file async throws in
            try await file.withDriver(change) { try await body($0, file) }
        }
    }

    func add(_ id: Int, _ driver: PostgresDriver) async throws {
        try await driver.write(.system) {
            try SystemWriter(connection: $0, scope: ()).insert(into: things, ["id": id, "name": "thing"])
        }
    }

    func names(_ driver: PostgresDriver, _ condition: SQLText) async throws -> [String] {
        try await driver.read(.system) {
            try SystemReader(connection: $0, scope: ()).select("name", from: things, where: condition) {
                try $0.next()
            }
        }
    }

    /// Statements of the application that sleep at the server.
    func sleepers(_ file: TestPostgres) async throws -> Int {
        let found = try await PostgresConsole(url: file.url).run(
            """
            SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'
            AND datname = current_database() AND pid <> pg_backend_pid()
            """)
        return Int(found[0][0] ?? "") ?? -1
    }

    func quotient(of dividend: Int, _ divisor: Int) throws -> PipelinedCall {
        PipelinedCall(
            try PostgresConnection.Command("SELECT \(dividend) / $1::int", [.integer(Int64(divisor))]),
            .system, deadline: .now + .seconds(120))
    }
}

/// Holds threads until it is opened.
final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    /// A minute at most: a test that fails before it opens the gate must end.
    func wait() {
        for _ in 0..<60_000 where !isOpen.load(ordering: .acquiring) { usleep(1_000) }
    }
}
