import Relational
import Telemetry

/// Counts what a driver commits.
struct CountedDriver: SQLDriver {
    let base: any SQLDriver
    let metrics: MetricRegistry

    var dialect: SQLDialect { base.dialect }

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await base.read(scope, body)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let value = try await base.write(scope, body)
        metrics.add(to: "relational_commits_total", help: "Commits of the writer.")
        return value
    }

    func close() async { await base.close() }
}
