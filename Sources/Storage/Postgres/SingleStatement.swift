import Kernel
import Relational

/// Finds out what a body asks first, by running it without a server.
final class CapturingConnection: SQLConnection {
    /// Ends the body at its first statement.
    private struct Captured: Error {}

    private(set) var statement: SQLStatement?
    /// It does more than ask, which only a transaction can do.
    private(set) var needsTransaction = false

    var dialect: SQLDialect { .postgres }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        if self.statement == nil { self.statement = statement } else { needsTransaction = true }
        throw Captured()
    }

    func run(_ statement: SQLStatement) throws -> Int { throw refusal() }

    func script(_ sql: String) throws { throw refusal() }

    func enter(_ tenant: TenantID) throws { throw refusal() }

    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws { throw refusal() }

    private func refusal() -> Captured {
        needsTransaction = true
        return Captured()
    }
}

/// Answers a body's first statement with rows that are here already.
final class ReplayingConnection: SQLConnection {
    private struct Exhausted: Error {}

    private let result: PostgresResult
    private var isUsed = false
    /// It asked a second time: what it gave or threw then counts for nothing.
    private(set) var asksForMore = false

    var dialect: SQLDialect { .postgres }

    init(_ result: PostgresResult) { self.result = result }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        guard !isUsed else { throw exhausted() }
        isUsed = true
        for index in 0..<result.count { try row(PostgresRow(result: result, row: index)) }
    }

    func run(_ statement: SQLStatement) throws -> Int { throw exhausted() }

    func script(_ sql: String) throws { throw exhausted() }

    func enter(_ tenant: TenantID) throws { throw exhausted() }

    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws { throw exhausted() }

    private func exhausted() -> Exhausted {
        asksForMore = true
        return Exhausted()
    }
}

extension SQLStatement {
    /// The statement for the pipeline; nil where it needs a transaction for itself.
    func pipelined(_ scope: SQLScope, _ home: TenantHome) -> (text: String, values: [SQLValue])? {
        switch scope {
        case .system:
            return tenants.isEmpty ? rendered() : nil
        case .allTenants:
            return nil
        case .tenant(let tenant):
            guard tenants == [tenant.sqlValue] else { return nil }
            var form = home.form
            form.tenantExpression = PostgresSQL.tenantInOneStatement
            form.earlierParameters = 1
            let (text, values) = rendered(form)
            return (PostgresSQL.inOneStatement(text), [tenant.sqlValue] + values)
        }
    }
}
