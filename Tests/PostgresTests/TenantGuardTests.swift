import Identity
import Kernel
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// That the database itself keeps tenants apart, whatever statements it is given.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct TenantGuardTests {
    private let mine = TenantID()
    private let theirs = TenantID()

    @Test func `without a tenant no row is seen or changed`() async throws {
        try await withRows { (driver, _) async throws in
            for table in ["video_usage", "videos", "applied", "tenants"] {
                #expect(try await driver.read(.system) { try $0.rows("SELECT * FROM \(table)").count } == 0)
            }
            let (seen, removed) = try await driver.write(.system) { connection in
                let seen = try connection.rows("SELECT * FROM video_usage").count
                return (seen, try connection.rows("DELETE FROM video_usage RETURNING 1").count)
            }
            #expect(seen == 0 && removed == 0)
            let added = await failure {
                _ = try await driver.write(.system) {
                    try $0.rows("INSERT INTO video_usage VALUES ('\(UUIDv7())', 1, 0)")
                }
            }
            #expect(added?.postgres?.sqlState == "42501")
        }
    }

    @Test func `with a tenant only its rows are seen, also by statements that ask for others`() async throws {
        try await withRows { (driver, _) async throws in
            let (mine, theirs) = (mine, theirs)
            let seen = try await driver.read(.tenant(mine)) {
                try $0.rows("SELECT tenant_id FROM video_usage WHERE tenant_id = '\(theirs)' OR 1 = 1")
            }
            #expect(seen == [[mine.description]])
            let changed = try await driver.write(.tenant(mine)) {
                try $0.rows("UPDATE video_usage SET bytes = 99 RETURNING tenant_id")
            }
            #expect(changed == [[mine.description]])
            let moved = await failure {
                _ = try await driver.write(.tenant(mine)) {
                    try $0.rows("UPDATE video_usage SET tenant_id = '\(theirs)'")
                }
            }
            #expect(moved?.postgres?.sqlState == "42501")
        }
    }

    @Test func `tenants whose statements travel together each see their own, in any order`() async throws {
        try await withRows { (driver, _) async throws in
            let scopes = [(mine, 1), (theirs, 2), (TenantID(), nil)] as [(TenantID, Int?)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<600 {
                    let (tenant, bytes) = scopes[[0, 1, 2, 1, 0, 0, 2][number % 7]]
                    group.addTask {
                        let found = try await usage(of: tenant, driver)
                        #expect(found == bytes)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `in one transaction two tenants see their own, both ways round`() async throws {
        try await withRows { _, file in
            let settings = file.settings
            let parameters = try PostgresURL(file.url).parameters(
                for: settings.addresses()[0], .singleReads, settings)
            let connection = try PostgresConnection.open(parameters, statements: 9, until: .now + .seconds(9))
            let text = PostgresSQL.inOneStatement("SELECT bytes FROM ONLY video_usage WHERE tenant_id = c.t")
            for order in [[mine, theirs], [theirs, mine], [mine, TenantID(), theirs]] {
                // Twice each, so that both kinds of plan are met.
                for _ in 0..<8 {
                    let commands = try order.map { try PostgresConnection.Command(text, [$0.sqlValue]) }
                    let found = try connection.exchange([commands], until: .now + .seconds(9))[0].map {
                        event in
                        if case .answer(let result) = event, result.count == 1 {
                            return PostgresRow(result: result, row: 0).integer(0)
                        }
                        return 0
                    }
                    #expect(found == order.map { $0 == mine ? 1 : $0 == theirs ? 2 : 0 })
                }
            }
        }
    }

    @Test func `the tenant is set before the policy is tested`() async throws {
        try await withRows { (driver, _) async throws in
            let query = PostgresSQL.inOneStatement(
                "SELECT id, title FROM ONLY videos WHERE tenant_id = c.t AND (id = $2) LIMIT 1"
            ).replacing("$1", with: "'\(mine)'").replacing("$2", with: "'\(theirs)'")
            let plan = try await driver.write(.system) {
                try $0.rows("EXPLAIN (COSTS OFF) " + query).map { $0[0] ?? "" }
            }
            let loop = try #require(plan.firstIndex { $0.contains("Nested Loop") })
            let setting = try #require(plan.firstIndex { $0.contains("CTE Scan on c") })
            let policy = try #require(plan.firstIndex { $0.contains("current_setting") })
            #expect(loop < setting && setting < policy, "\(plan)")
            // Indented further than the loop: tested for each of its rows, not once before it.
            #expect(
                plan[policy].prefix { $0 == " " }.count > plan[loop].prefix { $0 == " " }.count, "\(plan)")
        }
    }

    @Test(arguments: [
        "ALTER TABLE videos DISABLE ROW LEVEL SECURITY", "DROP TABLE videos",
        "DROP POLICY one_tenant ON videos",
        "CREATE TABLE public.mine (id int)", "ALTER TABLE videos OWNER TO app",
        "CREATE POLICY p ON videos USING (true)",
        "SET ROLE owner", "UPDATE schema_migrations SET hash = ''", "DELETE FROM tenant_tables",
        "SELECT cloudstream_admit('app')", "SELECT cloudstream_guard('x')", "CREATE SCHEMA mine",
        "GRANT SELECT ON videos TO PUBLIC; SELECT 1/(SELECT count(*) FROM videos)", "TRUNCATE videos",
    ])
    func `the application cannot change what guards it`(_ sql: String) async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let refused = await failure { _ = try await driver.write(.system) { try $0.rows(sql) } }
                #expect(refused?.kind == .internal, "\(sql)")
            }
        }
    }

    @Test func `row-level security stays on for those who would pass over it`() async throws {
        try await withRows { (driver, _) async throws in
            let refused = await failure {
                _ = try await driver.write(.system) { connection in
                    _ = try connection.rows("SET LOCAL row_security = off")
                    return try connection.rows("SELECT * FROM video_usage").count
                }
            }
            #expect(refused != nil)
        }
    }

    @Test func `clean-up sees all tenants, in that one scope and for as long`() async throws {
        try await withRows { (driver, _) async throws in
            #expect(
                try await driver.read(.allTenants) { try $0.rows("SELECT * FROM video_usage").count } == 2)
            let database = Database(driver: driver)
            for tenant in [mine, theirs] {
                _ = try await database.write(
                    WriteContext(tenant: tenant, once: OnceKey(scope: "s", key: "k", digest: "d"))
                ) { _ in true }
            }
            #expect(try await database.removeOnceRecords(before: .now() - .seconds(60)) == 0)
            #expect(try await database.removeOnceRecords(before: .now() + .seconds(60)) == 2)
            for _ in 0..<8 {
                #expect(
                    try await driver.read(.system) { try $0.rows("SELECT * FROM video_usage").count } == 0)
            }
        }
    }

    private func usage(of tenant: TenantID, _ driver: PostgresDriver) async throws -> Int? {
        try await driver.read(.tenant(tenant)) {
            try TenantReader(connection: $0, scope: tenant).first("bytes", from: .videoUsage) {
                try $0.next()
            }
        }
    }

    private func withRows(_ body: (PostgresDriver, TestPostgres) async throws -> Void) async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                for (tenant, bytes) in [(mine, 1), (theirs, 2)] {
                    try await driver.write(.tenant(tenant)) {
                        try TenantWriter(connection: $0, scope: tenant).insert(
                            into: .videoUsage, ["bytes": bytes, "open_uploads": 0])
                    }
                }
                try await body(driver, file)
            }
        }
    }
}
