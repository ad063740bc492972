import Kernel
import Postgres
import Relational
import Search
import TestDatabase
import Testing

/// An adapter of `SearchIndex` under the contract.
struct SearchIndexAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// With an empty index; it makes room for tenants by itself.
    let run: @Sendable (_ test: (SearchIndexStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas] : [])

    private static let sqlite = SearchIndexAdapter(testDescription: "relational on SQLite, FTS5") { test in
        try await TestDatabase.with { file in
            try await test(SearchIndexStage(RelationalSearchIndex(file.database())))
        }
    }

    private static let postgres = SearchIndexAdapter(testDescription: "relational on Postgres, pg_trgm") {
        test in
        try await TestPostgres.with { file in
            try await file.withDriver { driver in
                try await test(SearchIndexStage(RelationalSearchIndex(Database(driver: driver))))
            }
        }
    }

    private static let schemas = SearchIndexAdapter(testDescription: "Postgres, a schema per tenant") {
        test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let places = PostgresPlaces(file)
                try await test(
                    SearchIndexStage(RelationalSearchIndex(Database(driver: driver))) {
                        try await places.make($0)
                    })
            }
        }
    }
}

/// An index, the search over it, and short ways to fill and ask it.
struct SearchIndexStage: Sendable {
    let index: any SearchIndex
    private let makeRoom: @Sendable (TenantID) async throws -> Void

    init(
        _ index: any SearchIndex, makeRoom: @escaping @Sendable (TenantID) async throws -> Void = { _ in }
    ) {
        self.index = index
        self.makeRoom = makeRoom
    }

    func caller(_ tenant: TenantID = TenantID()) async throws -> Caller {
        try await makeRoom(tenant)
        return Caller(tenant: tenant, user: UserID(), role: .viewer)
    }

    /// Puts documents of whatever version there is; each is newer than those before it.
    @discardableResult
    func put(_ caller: Caller, _ titles: String..., kind: DocumentKind = .video) async throws -> [DocumentKey]
    {
        var keys: [DocumentKey] = []
        for title in titles {
            let key = DocumentKey(kind, UUIDv7())
            try await put(caller, SearchDocument(key, title: title))
            keys.append(key)
        }
        return keys
    }

    func put(_ caller: Caller, _ document: SearchDocument) async throws {
        let version = try await index.version(of: document.key, in: caller.tenant)
        #expect(try await index.put(document, over: version, in: caller.tenant))
    }

    func remove(_ caller: Caller, _ key: DocumentKey) async throws {
        let version = try await index.version(of: key, in: caller.tenant)
        #expect(try await index.remove(key, over: version, in: caller.tenant))
    }

    /// Titles found, the best first.
    func titles(_ caller: Caller, _ text: String, circles: [UUIDv7] = []) async throws -> [String] {
        let searching = Searching(index: index) { _ in circles }
        return try await searching.find(Searching.Request(text), by: caller).hits.map(\.document.title)
    }
}
