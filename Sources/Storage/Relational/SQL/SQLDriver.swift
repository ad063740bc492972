package import Kernel

/// Whose rows a body works on. An engine that guards tenants by itself lets no statement past it.
package enum SQLScope: Sendable, Hashable {
    /// The rows of one tenant, and what the machinery keeps for it.
    case tenant(TenantID)
    /// Tables of the machinery: directory, log-ins, outbox, jobs, leases.
    case system
    /// Clean-up that works through the tables of all tenants.
    case allTenants
}

/// An engine that runs statements: SQLite here, Postgres beside it.
///
/// A body that waits for its statements runs on a thread that may block, never on Swift's cooperative pool. Bodies
/// may be run again, after a transient failure or to find out what they ask, so they change nothing but the
/// database. After a statement has failed, its body can do no more than end.
package protocol SQLDriver: Sendable {
    var dialect: SQLDialect { get }

    /// Runs `body` against one consistent snapshot; it cannot write.
    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// Runs `body` and returns once its changes are durable. If it throws, nothing of it happened, and writes
    /// that shared its commit are untouched. `overloaded` when too many wait. Writes of one tenant have the effect
    /// of some order one after the other; those of the machinery see what committed before each statement.
    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value

    /// Ends after the writes that were accepted; later calls are `unavailable`.
    func close() async
}

/// One connection, during one body, on one thread.
package protocol SQLConnection {
    var dialect: SQLDialect { get }

    /// The next query is answered with rows that are here already: its statement need not be put together.
    var isReplaying: Bool { get }

    /// Number of rows changed. `conflict` (code `unique_violation`) if a key exists.
    func run(_ statement: SQLStatement) throws -> Int

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws

    /// Runs statements without parameters, such as a migration.
    func script(_ sql: String) throws

    /// The statements that follow, until the next call, are of `tenant`: for what one write keeps with another.
    func enter(_ tenant: TenantID) throws

    /// Makes room for the rows of a new tenant; the statements that follow find it.
    /// `invalid` (code `isolation_unsupported`) where the engine cannot keep a tenant so.
    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws
}

extension SQLConnection {
    package var isReplaying: Bool { false }

    package func enter(_ tenant: TenantID) throws {}

    package func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws {}
}
