import Kernel
import Relational
import SQLite
import TestDatabase
import Testing

@Suite struct ValueTests {
    private static let table = SystemTable("things")

    @Test(arguments: ["", "a", "nul\0inside", "Ünïcödé 🎬", String(repeating: "long ", count: 100_000)])
    func `text comes back as it went in`(_ text: String) async throws {
        #expect(try await roundTrip(text, type: "TEXT") == text)
    }

    @Test(arguments: [[], [0], [0, 255, 1], [UInt8](repeating: 9, count: 100_000)] as [[UInt8]])
    func `bytes come back as they went in`(_ bytes: [UInt8]) async throws {
        #expect(try await roundTrip(bytes, type: "BLOB") == bytes)
    }

    @Test(arguments: [0, -1, Int64.min, Int64.max])
    func `integers come back as they went in`(_ number: Int64) async throws {
        #expect(try await roundTrip(number, type: "INTEGER") == number)
    }

    @Test func `other values come back as they went in`() async throws {
        let id = UUIDv7()
        #expect(try await roundTrip(id, type: "BLOB") == id)
        #expect(try await roundTrip(1.5e300, type: "REAL") == 1.5e300)
        #expect(try await roundTrip(true, type: "INTEGER") == true)
        #expect(
            try await roundTrip(Timestamp(milliseconds: -5), type: "INTEGER") == Timestamp(milliseconds: -5))
    }

    @Test func `nothing comes back as nothing, and not as an empty value`() async throws {
        let file = try TestDatabase.open()
        let database = file.database()
        try await file.driver.write(.system) { try $0.script("CREATE TABLE things (value TEXT)") }
        try await database.writeSystem { try $0.insert(into: Self.table, ["value": nil]) }
        let value = try await database.readSystem {
            try $0.select("value", from: Self.table) { try $0.nextIfPresent(String.self) }
        }
        #expect(value == [nil])
        await #expect(throws: Failure.self) {
            _ = try await database.readSystem {
                try $0.select("value", from: Self.table) { try $0.next(String.self) }
            }
        }
        await file.close()
    }

    private func roundTrip<Value: SQLColumn>(_ value: Value, type: String) async throws -> Value? {
        let file = try TestDatabase.open()
        let database = file.database()
        try await file.driver.write(.system) { try $0.script("CREATE TABLE things (value \(type) NOT NULL)") }
        try await database.writeSystem { try $0.insert(into: Self.table, ["value": value]) }
        let read = try await database.readSystem {
            try $0.first("value", from: Self.table, where: "value = \(value)") { try $0.next(Value.self) }
        }
        await file.close()
        return read
    }
}
