import Kernel
package import Logging
package import Relational

/// Postgres through libpq: the servers of one store as one engine.
package final class PostgresDriver: SQLDriver {
    private enum Servers: Sendable {
        case alone(PostgresServer)
        case several(ReplicaSet)
    }

    package var dialect: SQLDialect { .postgres }

    private let settings: PostgresSettings
    private let all: [PostgresServer]
    private let servers: Servers

    /// One server per host of the URL; they are connected to when they are first used. `invalid` if the URL is none.
    ///
    /// Tenants' placements come from the directory, unless `lookUp` tells them.
    package init(
        _ settings: PostgresSettings, routing: ReplicaSet.Settings = ReplicaSet.Settings(),
        logger: Logger = Logger(label: "postgres"), observe: @escaping ReplicaSet.Observer = { _ in },
        lookUp: TenantPlacements.LookUp? = nil
    ) throws {
        let addresses = try settings.addresses()
        var settings = settings
        // Of one server alone all reads see what it has committed.
        if addresses.count == 1 { settings.asksForMarks = false }
        self.settings = settings
        let placements = TenantPlacements()
        let all = try addresses.map { [settings] in
            try PostgresServer(address: $0, settings: settings, placements: placements)
        }
        guard let first = all.first else {
            throw Failure(.invalid, "invalid_url", "The database's URL names no host.")
        }
        self.all = all
        var named = routing
        named.store = settings.storeName
        servers =
            all.count == 1
            ? .alone(first) : .several(ReplicaSet(all, settings: named, logger: logger, observe: observe))
        placements.use(lookUp ?? { [weak self] in try await self?.isolation(of: $0) })
    }

    /// Of this process's calls, over all servers.
    package var load: ServerLoad {
        all.map(\.load).reduce(ServerLoad(waiting: 0, running: 0)) {
            ServerLoad(waiting: $0.waiting + $1.waiting, running: $0.running + $1.running)
        }
    }

    /// Which servers are used for what; nil of one server alone.
    package var health: ReplicaHealth? {
        if case .several(let set) = servers { set.health } else { nil }
    }

    package func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        switch servers {
        case .alone(let server): try await server.read(scope, body).value
        case .several(let set):
            try await set.read(scope) { connection in try Self.outcome { try body(connection) } }.get()
        }
    }

    package func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        switch servers {
        case .alone(let server): try await server.write(scope, body).value
        case .several(let set): try await set.write(scope, body)
        }
    }

    /// That something is refused or not there is an answer too: whoever got it has seen the server as it was then.
    private static func outcome<Value>(_ body: () throws -> Value) throws -> Result<Value, Failure> {
        do {
            return .success(try body())
        } catch let failure as Failure {
            return .failure(failure)
        }
    }

    package func close() async {
        switch servers {
        case .alone(let server): await server.close()
        case .several(let set): await set.close()
        }
    }

    /// As the directory has it, where another session may just have written it; nil for a tenant it does not know.
    private func isolation(of tenant: TenantID) async throws -> TenantPlacement.Isolation? {
        try await Consistency.$current.withValue(nil) {
            try await read(.system) { try $0.isolation(of: tenant) }
        }
    }
}
