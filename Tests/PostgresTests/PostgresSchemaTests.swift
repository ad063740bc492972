import Kernel
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct PostgresSchemaTests {
    @Test func `programs that start at once make the schema once`() async throws {
        try await TestPostgres.withEmpty { file async throws in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<4 { group.addTask { try await PostgresSchema(file.settings).prepare() } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let steps = Migration.postgres + Migration.all + Migration.postgresTuning
            #expect(applied.sorted() == steps.map(\.number).sorted())
        }
    }

    @Test func `without an owner's URL a schema that is too old is refused`() async throws {
        try await TestPostgres.withEmpty { file async throws in
            var settings = file.settings
            settings.ownerURL = nil
            let empty = await failure { _ = try await PostgresSchema(settings).prepare() }
            #expect(empty?.code == "schema_outdated")
            _ = try await PostgresSchema(file.settings).prepare()
            #expect(try await PostgresSchema(settings).prepare() == [])
            let newer = PostgresSchema(
                settings, migrations: Migration.all + [Migration(990, "newer", "SELECT 1;")])
            let refused1 = await failure { _ = try await newer.prepare() }
            #expect(refused1?.code == "schema_outdated")
        }
    }

    @Test func `a step that differs from the one applied is refused, and one that fails leaves nothing`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            let changed = Migration(3, "videos", "CREATE TABLE other (id {integer});")
            let refused = await failure {
                _ = try await PostgresSchema(file.settings, migrations: [.machinery, .identity, changed])
                    .prepare()
            }
            #expect(refused?.code == "migration_changed")
            let broken = Migration(991, "broken", "CREATE TABLE two (id {integer}); CREATE TABLE nonsense (;")
            let failed = await failure {
                _ = try await PostgresSchema(file.settings, migrations: Migration.all + [broken]).prepare()
            }
            #expect(failed != nil)
            #expect(try await file.own("SELECT to_regclass('public.two')") == [[nil]])
        }
    }

    @Test func `a role that passes over row-level security is refused`() async throws {
        try await TestPostgres.withEmpty { file async throws in
            var settings = file.settings
            settings.url = file.ownerURL
            let refused2 = await failure { _ = try await PostgresSchema(settings).prepare() }
            #expect(refused2 != nil)
        }
    }

    @Test func `every table with a tenant is either guarded or the machinery's`() async throws {
        try await TestPostgres.with { file async throws in
            let open = try await file.own(
                """
                SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1
                """
            ).map { $0[0] ?? "" }
            #expect(
                open == [
                    "dead_letters", "event_log", "identity_claims", "jobs", "logins", "outbox",
                    "tenant_directory",
                ])
        }
    }
}
