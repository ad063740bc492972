package import Kernel
import Relational
import Synchronization

/// Where in a database the rows of a tenant are.
enum TenantHome: Sendable, Equatable {
    /// In the tables that tenants share.
    case shared
    /// In tables of its own, in a schema named after it.
    case schema(String)

    init(_ tenant: TenantID, _ isolation: TenantPlacement.Isolation) {
        switch isolation {
        case .schema: self = .schema(PostgresSQL.schemaName(of: tenant))
        case .shared, .database: self = .shared
        }
    }

    /// How statements name the tables.
    var form: SQLStatement.Form {
        var form = SQLStatement.Form()
        switch self {
        case .shared:
            // Tables of tenants in schemas of their own inherit from the shared ones.
            form.sourcePrefix = "ONLY "
        case .schema(let name):
            form.sourcePrefix = name + "."
            form.targetPrefix = name + "."
        }
        return form
    }
}

/// Remembers where tenants are. A tenant is not moved while a program that remembers it runs.
package final class TenantPlacements: Sendable {
    package typealias LookUp = @Sendable (TenantID) async throws -> TenantPlacement.Isolation?

    private struct State {
        var homes: [TenantID: TenantHome] = [:]
        var lookUp: LookUp?
    }

    private let capacity: Int
    private let state = Mutex(State())

    package init(capacity: Int = 100_000) { self.capacity = capacity }

    /// Asked for tenants that are not remembered; it must know of every placement that has committed.
    package func use(_ lookUp: @escaping LookUp) { state.withLock { $0.lookUp = lookUp } }

    /// A tenant without a placement, such as one that is just being made, is among the shared for now.
    func home(of scope: SQLScope) async throws -> TenantHome {
        guard case .tenant(let tenant) = scope, tenant != .nobody else { return .shared }
        let (known, lookUp) = state.withLock { ($0.homes[tenant], $0.lookUp) }
        if let known { return known }
        guard let isolation = try await lookUp?(tenant) else { return .shared }
        let home = TenantHome(tenant, isolation)
        state.withLock { state in
            if state.homes.count >= capacity { state.homes.removeAll() }
            state.homes[tenant] = home
        }
        return home
    }
}
