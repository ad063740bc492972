package import Kernel

extension SQLDialect {
    package static let postgres = SQLDialect(
        name: "postgres", placeholder: { "$\($0)" }, uuidType: "UUID", bytesType: "BYTEA",
        integerType: "BIGINT",
        realType: "DOUBLE PRECISION", identityColumn: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        clusteredSuffix: "", claimSuffix: "FOR UPDATE SKIP LOCKED",
        holdSuffix: "FOR UPDATE", keepsEventsByMonth: true)
}

/// The statements by which the Postgres engine frames those of the contexts.
package enum PostgresSQL {
    /// Writes of one tenant have the effect of some order; those that would not are run again.
    package static let beginSerial = "BEGIN ISOLATION LEVEL SERIALIZABLE"
    package static let begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
    package static let beginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    package static let commit = "COMMIT"
    package static let rollback = "ROLLBACK"
    package static let nothing = "SELECT 1"

    /// For this transaction; row-level security shows the rows of this tenant and of no other.
    package static let setTenant = "SELECT set_config('app.tenant', $1::uuid::text, true)"
    package static let assumeAllTenants = "SET LOCAL ROLE \(allTenantsRole)"
    package static let isolation = "SELECT isolation FROM tenant_directory WHERE tenant_id = $1"
    package static let provision = "SELECT cloudstream_provision($1::uuid)"

    /// Cannot log in; the application takes it on for clean-up and has nothing of it by inheritance.
    package static let allTenantsRole = "cloudstream_all_tenants"

    /// Before a transaction, so that its snapshot is taken when the turn has come. Lost with the connection.
    package static let takeTurn = "SELECT pg_advisory_lock(hashtextextended($1::uuid::text, 4740219))"
    package static let endTurn = "SELECT pg_advisory_unlock_all()"

    /// The tenant's tables, if it has a schema of its own.
    package static func schemaName(of tenant: TenantID) -> String {
        "tenant_" + tenant.description.filter { $0 != "-" }
    }

    /// Stands for the tenant within `inOneStatement`.
    package static let tenantInOneStatement = "c.t"

    /// A tenant's `query` with its tenant as first parameter, in one statement, so that it may share a transaction
    /// with those of other tenants.
    ///
    /// The reference to `c` within, and the fence `OFFSET 0`, make the tenant be set before anything is read. Without
    /// them the planner tests the policy first, against the tenant of the statement before.
    package static func inOneStatement(_ query: String) -> String {
        """
        WITH c AS MATERIALIZED (SELECT set_config('app.tenant', $1::uuid::text, true)::uuid AS t) \
        SELECT x.* FROM c CROSS JOIN LATERAL (\(query) OFFSET 0) x
        """
    }

    /// Of the schema's own steps one program makes at a time; ends with the transaction.
    package static let lockSchema = "SELECT pg_advisory_xact_lock(4740219)"
    package static let admit = "SELECT cloudstream_admit($1)"
    package static let guardTables = "SELECT cloudstream_guard($1)"
    package static let admitToEventLog = "SELECT cloudstream_admit_to_event_log($1)"
}
