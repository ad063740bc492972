import Kernel
import Testing

@testable import Relational

/// The text of every verb: the tenant's predicate is in each, whatever the caller wrote.
@Suite struct StatementTests {
    private static let table = TenantTable("things")
    private let tenant = TenantID()

    @Test func `a tenant's read is kept to the tenant`() throws {
        let statements = try recorded { writer in
            _ = try writer.reader.select("id, name", from: Self.table) { try $0.next(Int.self) }
            _ = try writer.reader.select(
                "id", from: Self.table, where: "name = \("a") OR name = \("b")",
                then: "ORDER BY id LIMIT \(5)"
            ) { try $0.next(Int.self) }
            _ = try writer.reader.first("id", from: Self.table, where: "id = \(1)") { try $0.next(Int.self) }
        }
        #expect(
            statements.map(\.text) == [
                "SELECT id, name FROM things WHERE tenant_id = $1 ",
                "SELECT id FROM things WHERE tenant_id = $1 AND (name = $2 OR name = $3) ORDER BY id LIMIT $4",
                "SELECT id FROM things WHERE tenant_id = $1 AND (id = $2)  LIMIT 1",
            ])
        #expect(statements[1].values == [tenant.sqlValue, .text("a"), .text("b"), .integer(5)])
    }

    @Test func `a tenant's new row is the tenant's`() throws {
        let statements = try recorded { writer in
            try writer.insert(into: Self.table, ["id": 1, "name": nil])
            _ = try writer.insertIfAbsent(into: Self.table, ["id": 1], and: ["name": "a"])
        }
        #expect(
            statements.map(\.text) == [
                "INSERT INTO things (tenant_id, id, name) VALUES ($1, $2, $3)",
                "INSERT INTO things (tenant_id, id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            ])
        #expect(statements[0].values == [tenant.sqlValue, .integer(1), .null])
        #expect(statements[1].values == [tenant.sqlValue, .integer(1), .text("a")])
    }

    @Test func `a tenant's changes are kept to the tenant`() throws {
        let statements = try recorded { writer in
            try writer.update(Self.table, set: "name = \("b")", where: "id = \(1) OR id = \(2)")
            try writer.delete(from: Self.table, where: "id = \(1) OR id = \(2)")
            try writer.upsert(into: Self.table, ["id": 1], key: "id", change: "name = \("c")")
        }
        #expect(
            statements.map(\.text) == [
                "UPDATE things SET name = $1 WHERE tenant_id = $2 AND (id = $3 OR id = $4)",
                "DELETE FROM things WHERE tenant_id = $1 AND (id = $2 OR id = $3)",
                "INSERT INTO things (tenant_id, id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = $3 "
                    + "WHERE things.tenant_id = $4",
            ])
        #expect(statements[0].values[1] == tenant.sqlValue)
        #expect(statements[1].values[0] == tenant.sqlValue)
        #expect(statements[2].values.last == tenant.sqlValue)
    }

    @Test func `rows about to be changed are read with the dialect's claim`() throws {
        let statements = try recorded { writer in
            _ = try writer.claim("id", from: Self.table, where: "id > \(1)", then: "LIMIT 1") {
                try $0.next(Int.self)
            }
        }
        #expect(
            statements.map(\.text) == [
                "SELECT id FROM things WHERE tenant_id = $1 AND (id > $2) LIMIT 1 FOR UPDATE SKIP LOCKED"
            ])
    }

    @Test func `the machinery's statements have no tenant`() throws {
        let connection = RecordingConnection()
        let writer = SystemWriter(connection: connection, scope: ())
        let table = SystemTable("queue")
        _ = try writer.reader.select("id", from: table) { try $0.next(Int.self) }
        try writer.insert(into: table, ["id": 1])
        try writer.update(table, set: "id = \(2)", where: "id = \(1)")
        try writer.delete(from: table, where: "id = \(1)")
        try writer.upsert(into: table, ["id": 1], key: "id", change: "id = \(3)")
        #expect(
            connection.texts == [
                "SELECT id FROM queue ", "INSERT INTO queue (id) VALUES ($1)",
                "UPDATE queue SET id = $1 WHERE id = $2", "DELETE FROM queue WHERE id = $1",
                "INSERT INTO queue (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $2",
            ])
    }

    @Test func `values never become text`() throws {
        let hostile = "'; DROP TABLE things; --"
        let statements = try recorded { writer in
            try writer.update(Self.table, set: "name = \(hostile)", where: "name = \(hostile)")
        }
        #expect(statements[0].text == "UPDATE things SET name = $1 WHERE tenant_id = $2 AND (name = $3)")
        #expect(statements[0].values == [.text(hostile), tenant.sqlValue, .text(hostile)])
    }

    @Test(
        arguments: [
            ([], "id IN (NULL)"), ([7], "id IN ($2)"), ([7, 8, 9], "id IN ($2, $3, $4, $5)"),
        ] as [([Int], String)])
    func `a list has a parameter per value, up to a power of two`(_ list: [Int], _ text: String) throws {
        let statements = try recorded { writer in
            try writer.delete(from: Self.table, where: "id IN \(list: list)")
        }
        #expect(statements[0].text == "DELETE FROM things WHERE tenant_id = $1 AND (\(text))")
        #expect(statements[0].values.dropFirst().prefix(list.count) == list.map { .integer(Int64($0)) }[...])
        #expect(statements[0].values.dropFirst(list.count + 1).allSatisfy { $0 == .integer(9) })
    }

    @Test func `a query over rows that are here already puts no statement together`() throws {
        let connection = RecordingConnection()
        connection.isReplaying = true
        let reader = SystemReader(connection: connection, scope: ())
        _ = try reader.select("id", from: SystemTable("queue"), where: "id = \(1)") { try $0.next(Int.self) }
        #expect(connection.texts == [""])
    }

    private func recorded(_ body: (TenantWriter) throws -> Void) throws -> [SQLStatement] {
        let connection = RecordingConnection()
        try body(TenantWriter(connection: connection, scope: tenant))
        return connection.statements
    }
}
