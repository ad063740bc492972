import Foundation
import Kernel
import Relational
import SQLite
import TestDatabase
import Testing

@Suite struct MigrationTests {
    private static let first = Migration(
        1, "first", "CREATE TABLE one (id {uuid} NOT NULL PRIMARY KEY) {clustered};")
    private static let second = Migration(
        2, "second", "CREATE TABLE two (position {identity}, data {bytes});")

    @Test func `each step is applied once`() async throws {
        let file = try TestDatabase.open()
        #expect(try await migrate(file.driver, [Self.first]) == [1])
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [2])
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [])
        try await file.database().writeSystem {
            try $0.insert(into: SystemTable("two"), ["data": [1] as [UInt8]])
        }
        await file.close()
    }

    @Test func `a step that differs from the one applied is refused`() async throws {
        let file = try TestDatabase.open()
        #expect(try await migrate(file.driver, [Self.first]) == [1])
        let changed = Migration(1, "first", "CREATE TABLE other (id {uuid} NOT NULL PRIMARY KEY);")
        let refused = await #expect(throws: Failure.self) {
            try await migrate(file.driver, [changed, Self.second])
        }
        #expect(refused?.code == "migration_changed")
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [2])
        await file.close()
    }

    @Test func `steps of a newer program are left alone`() async throws {
        let file = try TestDatabase.open()
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [1, 2])
        #expect(try await migrate(file.driver, [Self.first]) == [])
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [])
        await file.close()
    }

    @Test func `a step that fails leaves nothing of itself behind`() async throws {
        let file = try TestDatabase.open()
        let broken = Migration(2, "broken", "CREATE TABLE two (id {integer}); CREATE TABLE nonsense (;")
        await #expect(throws: Failure.self) { try await migrate(file.driver, [Self.first, broken]) }
        #expect(try await migrate(file.driver, [Self.first, Self.second]) == [2])
        await file.close()
    }

    @Test func `two programs that start at once apply each step once`() async throws {
        let file = try TestDatabase.open()
        let other = try file.reopened()
        async let left = migrate(file.driver, Migration.all)
        async let right = migrate(other, Migration.all)
        let applied = try await left + right
        #expect(applied.sorted() == Migration.all.map(\.number))
        await other.close()
        await file.close()
    }

    @Test func `a program that keeps the database busy is waited for`() async throws {
        let file = try TestDatabase.open()
        var hasty = SQLiteDriver.Settings(path: file.path)
        hasty.busyTimeout = .milliseconds(1)
        let other = try SQLiteDriver(hasty)
        let begun = FirstAnswer<Void>()
        let busy = Task {
            try await file.driver.write(.system) { connection in
                try connection.script("CREATE TABLE held (id INTEGER)")
                begun.give(.success(()))
                Thread.sleep(forTimeInterval: 0.3)
            }
        }
        try await begun.value
        #expect(try await migrate(other, [Self.first]) == [1])
        try await busy.value
        await other.close()
        await file.close()
    }

    @Test func `the program's own steps are numbered in order`() {
        let numbers = Migration.all.map(\.number)
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count == numbers.count)
    }

    private func migrate(_ driver: SQLiteDriver, _ migrations: [Migration]) async throws -> [Int] {
        try await Migrator(driver: driver, migrations: migrations).migrate()
    }
}
