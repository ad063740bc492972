import Kernel
import Search
import TestDatabase
import Testing

@testable import Postgres
@testable import Relational

/// The one function that passes over row-level security to use an index keeps tenants apart itself.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct SearchGuardTests {
    private static func call(_ tenant: TenantID, _ piece: String = " duck ") -> String {
        "SELECT * FROM cloudstream_search('\(tenant)', '\(piece)', '', 'video', '', NULL, NULL, 0, 1::bigint << 62, 9)"
    }

    @Test func `it answers for the transaction's tenant alone, and to the program alone`() async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver async throws in
                let (mine, theirs) = (TenantID(), TenantID())
                let index = RelationalSearchIndex(Database(driver: driver))
                for tenant in [mine, theirs] {
                    let document = SearchDocument(DocumentKey(.video, UUIDv7()), title: "duck of \(tenant)")
                    #expect(try await index.put(document, over: 0, in: tenant))
                }
                #expect(try await driver.read(.tenant(mine)) { try $0.rows(Self.call(mine)).count } == 1)
                for scope in [SQLScope.tenant(mine), .system, .allTenants] {
                    let refused = await failure {
                        _ = try await driver.read(scope) { try $0.rows(Self.call(theirs)) }
                    }
                    #expect(refused?.postgres?.sqlState == "42501", "\(scope)")
                }
                let owner = "SELECT set_config('app.tenant', '\(mine)', false); " + Self.call(mine)
                await #expect(throws: (any Error).self) { try await file.own(owner) }
            }
        }
    }

    @Test func `what stands in a piece is text`() async throws {
        try await TestPostgres.with { file async throws in
            try await file.withDriver { driver in
                let tenant = TenantID()
                for piece in ["'' OR true --", "%''; DROP TABLE search_documents; --", "\\", "a|b;c|d", ""] {
                    let found = try await driver.read(.tenant(tenant)) {
                        try $0.rows(Self.call(tenant, piece)).count
                    }
                    #expect(found == 0)
                }
            }
        }
    }
}
