import Identity
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// Where contract tests of `IdentityStore` and `TenantDirectory` play: an empty store, its directory, and what
/// has been told.
struct IdentityStoreStage: Sendable {
    let store: any IdentityStore
    let directory: any TenantDirectory
    /// How this store can keep tenants apart; other wishes are refused.
    let isolations: Set<TenantPlacement.Isolation>
    /// For tenants of which a test says no more.
    var placement = TenantPlacement.sample
    /// Events of committed writes, in order.
    let published: @Sendable () async throws -> [Event]
}

/// An adapter under the contract.
struct IdentityStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (IdentityStoreStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas, databases] : [])

    private static let sqlite = IdentityStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in
            let database = file.database()
            try await test(
                IdentityStoreStage(
                    store: RelationalIdentityStore(database), directory: RelationalTenantDirectory(database),
                    isolations: [.shared, .schema, .database]
                ) { try await Outbox(database).oldest(1_000).map(\.event) })
        }
    }

    private static let postgres = IdentityStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { driver in
                try await run(test, Database(driver: driver)) { $0 }
            }
        }
    }

    private static let schemas = IdentityStoreAdapter(testDescription: "Postgres, a schema per tenant") {
        test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                try await run(test, Database(driver: driver)) {
                    PlacedIdentityStore(store: $0, places: PostgresPlaces(file))
                }
            }
        }
    }

    private static let databases = IdentityStoreAdapter(testDescription: "Postgres, a database per tenant") {
        test in
        try await DatabaseStage.with(tenants: 2) { databases in
            try await test(
                IdentityStoreStage(
                    store: SpreadIdentityStore(databases),
                    directory: RelationalTenantDirectory(databases.home),
                    isolations: [.shared, .schema, .database],
                    placement: TenantPlacement(region: "eu", shard: 3, isolation: .database, epoch: 7)
                ) { try await databases.told() })
        }
    }

    private static func run(
        _ test: (IdentityStoreStage) async throws -> Void, _ database: Database,
        _ decorate: (RelationalIdentityStore) -> any IdentityStore
    ) async throws {
        try await test(
            IdentityStoreStage(
                store: decorate(RelationalIdentityStore(database)),
                directory: RelationalTenantDirectory(database),
                isolations: [.shared, .schema]
            ) { try await Outbox(database).oldest(1_000).map(\.event) })
    }
}

extension Tenant {
    static func sample(_ name: String = "Team") -> Tenant {
        Tenant(
            id: TenantID(), name: name, slug: name.lowercased(), region: "eu",
            createdAt: Timestamp(milliseconds: 1_800_000_000_123))
    }
}

extension User {
    static func sample(_ email: String = "a@example.com", role: Role = .member) -> User {
        User(
            id: UserID(), email: email, name: "Ünïcode 🦆", role: role,
            createdAt: Timestamp(milliseconds: 1_800_000_000_456))
    }
}

extension LoginSession {
    static func sample(
        of user: UserID, until end: Timestamp = Timestamp(milliseconds: 1_900_000_000_000)
    ) -> LoginSession {
        LoginSession(
            id: SessionID(), user: user, generation: 1, expiresAt: end, isRevoked: false,
            createdAt: Timestamp(milliseconds: 1_800_000_000_789), userAgent: "Bröwser/1.0 🦆",
            seenAt: Timestamp(milliseconds: 1_800_000_000_999))
    }
}

extension Invitation {
    static func sample(_ email: String = "b@example.com", by user: UserID = UserID()) -> Invitation {
        Invitation(
            id: InvitationID(), email: email, role: .viewer, invitedBy: user,
            createdAt: Timestamp(milliseconds: 1_800_000_000_000),
            expiresAt: Timestamp(milliseconds: 1_800_000_600_000), isAccepted: false)
    }
}

extension TenantPlacement {
    static let sample = TenantPlacement(region: "eu", shard: 3, isolation: .schema, epoch: 7)
}

extension IdentityStoreStage {
    /// A write that answers nothing of interest.
    func write(
        _ tenant: TenantID, once: OnceKey? = nil,
        _ body: @escaping @Sendable (any IdentityWriter) throws -> Void
    ) async throws {
        _ = try await store.write(WriteContext(tenant: tenant, once: once)) { writer in
            try body(writer)
            return true
        }
    }

    /// A team with a person in it.
    func founded(_ email: String = "a@example.com", role: Role = .owner) async throws -> (Tenant, User) {
        let (tenant, user) = (Tenant.sample(), User.sample(email, role: role))
        let placement = placement
        try await write(tenant.id) { writer in
            try writer.insert(tenant, placement: placement)
            try writer.insert(user, passwordHash: "hash of \(email)")
        }
        return (tenant, user)
    }
}
