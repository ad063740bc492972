import Kernel

/// Several databases as one engine: a tenant's rows are where the directory says, all else is at home.
struct RoutedDriver: SQLDriver {
    let home: any SQLDriver
    let others: [String: any SQLDriver]
    let addresses: TenantAddresses

    var dialect: SQLDialect { home.dialect }

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver(scope).read(scope, body)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver(scope).write(scope, body)
    }

    func close() async {
        for driver in others.values { await driver.close() }
        await home.close()
    }

    private func driver(_ scope: SQLScope) async throws -> any SQLDriver {
        guard case .tenant(let tenant) = scope, let name = try await addresses.database(of: tenant) else {
            return home
        }
        guard let driver = others[name] else { throw TenantDatabases.unknown(name) }
        return driver
    }
}
