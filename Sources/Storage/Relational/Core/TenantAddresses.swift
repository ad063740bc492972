import Kernel
import Synchronization

/// Which database holds a tenant's rows. A tenant is not moved while a program that remembers it runs.
final class TenantAddresses: Sendable {
    private struct Address {
        /// Nil at home.
        let database: String?
    }

    private let home: any SQLDriver
    private let capacity: Int
    private let known = Mutex<[TenantID: Address]>([:])

    init(home: any SQLDriver, capacity: Int = 100_000) {
        self.home = home
        self.capacity = capacity
    }

    /// Nil for those at home, and for those that have no placement yet.
    func database(of tenant: TenantID) async throws -> String? {
        guard tenant != .nobody else { return nil }
        if let address = known.withLock({ $0[tenant] }) { return address.database }
        // As it is now, whatever the session has seen: a placement may just have been written.
        let found = try await Consistency.$current.withValue(nil) {
            try await home.read(.system) { connection in
                try SystemReader(connection: connection, scope: ()).first(
                    "database_name, claim", from: .directory, where: "tenant_id = \(tenant)"
                ) { (Address(database: try $0.nextIfPresent()), try $0.nextIfPresent(UUIDv7.self)) }
            }
        }
        guard let (address, claim) = found else { return nil }
        // What is only claimed may yet be given to another.
        if claim == nil {
            known.withLock { known in
                if known.count >= capacity { known.removeAll() }
                known[tenant] = address
            }
        }
        return address.database
    }
}
