import Identity
import Kernel
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// Tenants in schemas of their own, beside others that share tables.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct TenantSchemaTests {
    @Test func `a tenant placed in a schema has its rows there and nowhere else`() async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let store = RelationalIdentityStore(Database(driver: driver))
                let (apart, shared) = (TenantID(), TenantID())
                try await signUp(apart, .schema, store)
                try await signUp(shared, .shared, store)
                let place = PostgresSQL.schemaName(of: apart)
                #expect(try await file.own("SELECT tenant_id FROM \(place).users") == [[apart.description]])
                #expect(
                    try await file.own("SELECT tenant_id FROM ONLY public.users") == [[shared.description]])
                for tenant in [apart, shared] {
                    #expect(try await store.read(tenant) { try $0.owners() } == 1)
                    let found = try await store.read(tenant) { (try $0.tenant()?.name, try $0.owners()) }
                    #expect(found.0 == "Team" && found.1 == 1)
                }

                // A process that learns of them later.
                let other = try file.driver()
                let later = RelationalIdentityStore(Database(driver: other))
                for tenant in [apart, shared] {
                    #expect(try await later.read(tenant) { try $0.owners() } == 1)
                }
                #expect(try await other.read(.allTenants) { try $0.rows("SELECT * FROM users").count } == 2)
                #expect(
                    try await other.read(.system) { try $0.rows("SELECT * FROM \(place).users").count } == 0)
                await other.close()
            }
        }
    }

    @Test func `a write that fails leaves no schema behind`() async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let store = RelationalIdentityStore(Database(driver: driver))
                let tenant = TenantID()
                let refused = await failure {
                    _ = try await store.write(WriteContext(tenant: tenant)) { writer -> Bool in
                        try writer.insert(
                            Tenant(id: tenant, name: "a", slug: "a", region: "eu", createdAt: .now()),
                            placement: TenantPlacement(region: "eu", shard: 0, isolation: .schema, epoch: 1))
                        throw Failure.conflict("no", "No.")
                    }
                }
                #expect(refused?.code == "no")
                #expect(
                    try await file.own("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\\_%'")
                        == [])
            }
        }
    }

    @Test func `later migrations reach the schemas of tenants`() async throws {
        let later = [
            Migration(
                950, "later", tenantTables: ["notes"],
                """
                ALTER TABLE users ADD COLUMN nickname TEXT;
                CREATE INDEX users_by_nickname ON users (tenant_id, nickname);
                CREATE TABLE notes (tenant_id {uuid} NOT NULL, id {uuid} NOT NULL, PRIMARY KEY (tenant_id, id));
                """)
        ]
        try await TestPostgres.with { file async throws in
            let tenant = TenantID()
            let place = PostgresSQL.schemaName(of: tenant)
            try await file.withDriver { driver async throws in
                try await signUp(tenant, .schema, RelationalIdentityStore(Database(driver: driver)))
            }
            for expected in [[950], []] {
                let schema = PostgresSchema(file.settings, migrations: Migration.all + later)
                #expect(try await schema.prepare() == expected)
            }
            #expect(
                try await file.own(
                    "SELECT count(*) FROM pg_indexes WHERE schemaname = '\(place)' AND indexdef LIKE '%nickname%'"
                ) == [["1"]])
            try await file.withDriver { driver async throws in
                try await driver.write(.tenant(tenant)) { connection in
                    let rows = TenantWriter(connection: connection, scope: tenant)
                    try rows.update(.users, set: "nickname = \("n")", where: "nickname IS NULL")
                    try rows.insert(into: TenantTable("notes"), ["id": UUIDv7()])
                }
                let other = TenantID()
                let seen = try await driver.read(.tenant(other)) {
                    try $0.rows("SELECT * FROM \(place).notes").count
                }
                #expect(seen == 0)
            }
            #expect(try await file.own("SELECT count(*) FROM \(place).notes") == [["1"]])
            #expect(try await file.own("SELECT nickname FROM \(place).users") == [["n"]])
        }
    }

    private func signUp(
        _ tenant: TenantID, _ isolation: TenantPlacement.Isolation, _ store: RelationalIdentityStore
    ) async throws {
        _ = try await store.write(
            WriteContext(tenant: tenant, once: OnceKey(scope: "s", key: "\(tenant)", keeper: .nobody))
        ) { writer in
            try writer.insert(
                Tenant(id: tenant, name: "Team", slug: "team", region: "eu", createdAt: .now()),
                placement: TenantPlacement(region: "eu", shard: 0, isolation: isolation, epoch: 1))
            try writer.insert(
                User(
                    id: UserID(), email: "\(tenant)@example.com", name: "A", role: .owner, createdAt: .now()),
                passwordHash: "x")
            return true
        }
    }
}
