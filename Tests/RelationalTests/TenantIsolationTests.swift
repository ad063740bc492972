import Kernel
import Relational
import TestDatabase
import Testing

/// Two tenants with rows of the same keys: none sees or changes the other's with any verb.
@Suite struct TenantIsolationTests {
    private static let things = TenantTable("things")
    private static let badges = TenantTable("badges")
    private static let schema = Migration(
        900, "isolation test",
        """
        CREATE TABLE things (
            tenant_id {uuid} NOT NULL, id {integer} NOT NULL, name TEXT NOT NULL, PRIMARY KEY (tenant_id, id));
        CREATE TABLE badges (
            tenant_id {uuid} NOT NULL, id {integer} NOT NULL PRIMARY KEY, name TEXT NOT NULL);
        """)

    private let mine = WriteContext(tenant: TenantID())
    private let theirs = WriteContext(tenant: TenantID())

    @Test func `reading finds the tenant's rows only`() async throws {
        try await withRows { database in
            #expect(try await names(database, mine) == ["mine"])
            let found = try await database.read(mine.tenant) {
                try $0.first("name", from: Self.things, where: "name = \("theirs") OR 1 = 1") {
                    try $0.next(String.self)
                }
            }
            #expect(found == "mine")
        }
    }

    @Test func `updating changes the tenant's rows only`() async throws {
        try await withRows { database in
            let changed = try await database.write(mine) {
                try $0.rows.update(Self.things, set: "name = \("new")", where: "id = \(1) OR 1 = 1")
            }
            #expect(changed == 1)
            #expect(try await names(database, mine) == ["new"])
            #expect(try await names(database, theirs) == ["theirs"])
        }
    }

    @Test func `deleting removes the tenant's rows only`() async throws {
        try await withRows { database in
            let removed = try await database.write(mine) {
                try $0.rows.delete(from: Self.things, where: "id = \(1) OR 1 = 1")
            }
            #expect(removed == 1)
            #expect(try await names(database, mine).isEmpty)
            #expect(try await names(database, theirs) == ["theirs"])
        }
    }

    @Test func `upserting changes the tenant's row only, even where the key is shared`() async throws {
        try await withRows { database in
            _ = try await database.write(theirs) { transaction in
                try transaction.rows.insert(into: Self.badges, ["id": 1, "name": "theirs"])
                return true
            }
            _ = try await database.write(mine) { transaction in
                try transaction.rows.upsert(
                    into: Self.badges, ["id": 1, "name": "mine"], key: "id", change: "name = \("stolen")")
                try transaction.rows.upsert(
                    into: Self.things, ["id": 1, "name": "x"], key: "tenant_id, id", change: "name = \("new")"
                )
                return true
            }
            #expect(try await names(database, mine) == ["new"])
            #expect(try await names(database, theirs) == ["theirs"])
            let badge = try await database.read(theirs.tenant) {
                try $0.first("name", from: Self.badges) { try $0.next(String.self) }
            }
            #expect(badge == "theirs")
        }
    }

    @Test func `inserting where the other tenant has the key gives each its row`() async throws {
        try await withRows { database in
            let isNew = try await database.write(mine) {
                try $0.rows.insertIfAbsent(into: Self.things, ["id": 1, "name": "again"])
            }
            #expect(isNew == false)
            let conflict = await #expect(throws: Failure.self) {
                try await database.write(mine) { transaction in
                    try transaction.rows.insert(into: Self.things, ["id": 1, "name": "again"])
                    return true
                }
            }
            #expect(conflict?.code == "unique_violation")
            #expect(try await names(database, mine) == ["mine"])
        }
    }

    private func withRows(_ body: (Database) async throws -> Void) async throws {
        try await TestDatabase.with(migrations: Migration.all + [Self.schema]) { file in
            let database = file.database()
            for (context, name) in [(mine, "mine"), (theirs, "theirs")] {
                _ = try await database.write(context) { transaction in
                    try transaction.rows.insert(into: Self.things, ["id": 1, "name": name])
                    return true
                }
            }
            try await body(database)
        }
    }

    private func names(_ database: Database, _ context: WriteContext) async throws -> [String] {
        try await database.read(context.tenant) {
            try $0.select("name", from: Self.things) { try $0.next(String.self) }
        }
    }
}
