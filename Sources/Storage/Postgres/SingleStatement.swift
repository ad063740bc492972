import Kernel
import Relational

/// Finds out what a body asks first, by running it without a server; run once more, answers that with rows that are
/// here by then.
final class SingleReading: SQLConnection {
    /// Ends the body at its first statement.
    private struct Captured: Error {}
    // Made once, because it is thrown for each read.
    private static let captured: any Error = Captured()

    private(set) var statement: SQLStatement?
    /// It does more than ask once, which only a transaction can do: what it gave or threw counts for nothing.
    private(set) var needsTransaction = false
    private var result: PostgresResult?
    private var isCapturing = true

    var dialect: SQLDialect { .postgres }
    var isReplaying: Bool { result != nil }

    /// The body asked nothing, so what it gave or threw is its answer.
    var isSettled: Bool { statement == nil && !needsTransaction }

    /// The next run of the body is answered with `result`.
    func replay(_ result: PostgresResult?) {
        isCapturing = false
        self.result = result
    }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        if isCapturing {
            if self.statement == nil { self.statement = statement } else { needsTransaction = true }
            throw Self.captured
        }
        guard let result else { throw refusal() }
        self.result = nil
        for index in 0..<result.count { try row(PostgresRow(result: result, row: index)) }
    }

    func run(_ statement: SQLStatement) throws -> Int { throw refusal() }

    func script(_ sql: String) throws { throw refusal() }

    func enter(_ tenant: TenantID) throws { throw refusal() }

    func place(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) throws { throw refusal() }

    private func refusal() -> any Error {
        needsTransaction = true
        return Self.captured
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
