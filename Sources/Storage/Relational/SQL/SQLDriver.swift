/// An engine that runs statements: SQLite here, Postgres beside it.
///
/// Bodies run on a thread that may block, never on Swift's cooperative pool. They may be run again after a
/// transient failure, so they change nothing but the database.
package protocol SQLDriver: Sendable {
    var dialect: SQLDialect { get }

    /// Runs `body` against one consistent snapshot; it cannot write.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// Runs `body` and returns once its changes are durable. If it throws, nothing of it happened, and writes
    /// that shared its commit are untouched. `overloaded` when too many wait.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// Ends after the writes that were accepted; later calls are `unavailable`.
    func close() async
}

/// One connection, during one body, on one thread.
package protocol SQLConnection {
    var dialect: SQLDialect { get }

    /// Number of rows changed. `conflict` (code `unique_violation`) if a key exists.
    func run(_ statement: SQLStatement) throws -> Int

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws

    /// Runs statements without parameters, such as a migration.
    func script(_ sql: String) throws
}
