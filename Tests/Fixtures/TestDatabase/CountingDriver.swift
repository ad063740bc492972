import Kernel
package import Relational
import Synchronization

/// Another driver, and how many statements of readers went through it.
package final class CountingDriver: SQLDriver {
    private let driver: any SQLDriver
    private let count = Atomic<Int>(0)

    package init(_ driver: any SQLDriver) { self.driver = driver }

    package var dialect: SQLDialect { driver.dialect }

    /// Statements of reads since the last call.
    package func counted() -> Int { count.exchange(0, ordering: .relaxed) }

    package func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver.read(scope) { connection in
            try body(
                CountingConnection(connection: connection) { self.count.add(1, ordering: .relaxed) })
        }
    }

    package func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver.write(scope, body)
    }

    package func close() async { await driver.close() }
}

private struct CountingConnection: SQLConnection {
    let connection: any SQLConnection
    let note: () -> Void

    var dialect: SQLDialect { connection.dialect }

    func run(_ statement: SQLStatement) throws -> Int {
        note()
        return try connection.run(statement)
    }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        note()
        try connection.query(statement, row: row)
    }

    func script(_ sql: String) throws { try connection.script(sql) }
    func enter(_ tenant: TenantID) throws { try connection.enter(tenant) }
    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws {
        try connection.place(tenant, isolation)
    }
}
