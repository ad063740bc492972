package import Kernel

/// The databases of a deployment: the one at home, which is asked before a tenant is known, and others by name.
///
/// Each has the whole schema. What commits with a tenant's rows, such as its outbox, once-records and jobs, lies beside
/// them; the directory, log-ins, leases, instances and dead letters are those at home.
package struct TenantDatabases: Sendable {
    package struct Named: Sendable {
        package let name: String
        package let database: Database
    }

    package static let homeName = "home"

    /// Reads and writes of a tenant go to its database, those of the machinery and of all tenants home.
    package let routed: Database
    package let home: Database
    /// In the order in which they are given to tenants.
    package let others: [Named]
    private let addresses: TenantAddresses

    package init(
        home: any SQLDriver, others: [(name: String, driver: any SQLDriver)] = [],
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        let wakeup = Wakeup()
        func database(_ driver: any SQLDriver) -> Database {
            Database(driver: driver, outboxWakeup: wakeup, now: now)
        }
        addresses = TenantAddresses(home: home)
        self.home = database(home)
        self.others = others.map { Named(name: $0.name, database: database($0.driver)) }
        let drivers = Dictionary(others.map { ($0.name, $0.driver) }) { first, _ in first }
        routed =
            others.isEmpty
            ? self.home : database(RoutedDriver(home: home, others: drivers, addresses: addresses))
    }

    /// Home first.
    package var all: [Named] { [Named(name: Self.homeName, database: home)] + others }

    /// The name of the one that holds the tenant's rows; nil at home, and while it has no placement.
    package func name(of tenant: TenantID) async throws -> String? {
        others.isEmpty ? nil : try await addresses.database(of: tenant)
    }

    /// Where in `all` the tenant's rows are.
    package func index(of tenant: TenantID) async throws -> Int {
        guard let name = try await name(of: tenant) else { return 0 }
        guard let index = others.firstIndex(where: { $0.name == name }) else { throw Self.unknown(name) }
        return index + 1
    }

    /// `unavailable` (code `database_unknown`) if the deployment has none of that name.
    package func database(named name: String) throws -> Database {
        guard let found = others.first(where: { $0.name == name }) else { throw Self.unknown(name) }
        return found.database
    }

    /// Does in each what is to be done in each; one that is away does not keep it from the rest. Throws the first
    /// failure at the end.
    package func forEach(_ body: (Named) async throws -> Void) async throws {
        var failure: (any Error)?
        for part in all {
            do { try await body(part) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    static func unknown(_ name: String) -> Failure {
        Failure(
            .unavailable, "database_unknown",
            "The team's database (\(name)) is not among those of this deployment.")
    }
}
