package import Foundation
package import Kernel
package import Relational
package import SQLite

/// A database file of one test, with the schema in it; removed at the end.
package struct TestDatabase: Sendable {
    package let folder: URL
    package let driver: SQLiteDriver

    package var path: String { folder.appending(path: "test.sqlite").path }

    package static func open(
        _ change: (inout SQLiteDriver.Settings) -> Void = { _ in },
        onCommit: @escaping SQLiteDriver.CommitObserver = { _ in }
    ) throws -> TestDatabase {
        let folder = URL.temporaryDirectory.appending(path: "cloudstream-\(UUIDv7())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var settings = SQLiteDriver.Settings(path: folder.appending(path: "test.sqlite").path)
        change(&settings)
        return TestDatabase(folder: folder, driver: try SQLiteDriver(settings, onCommit: onCommit))
    }

    /// Runs `body` with a migrated database, and cleans up whatever comes of it.
    package static func with<Value>(
        migrations: [Migration] = Migration.all + Migration.sqlite,
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        let database = try open()
        do {
            _ = try await Migrator(driver: database.driver, migrations: migrations).migrate()
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    /// Another driver on the same file, as another process would have.
    package func reopened() throws -> SQLiteDriver { try SQLiteDriver(SQLiteDriver.Settings(path: path)) }

    package func database(now: @escaping @Sendable () -> Timestamp = { .now() }) -> Database {
        Database(driver: driver, now: now)
    }

    package func close() async {
        await driver.close()
        // A file left in the temporary folder harms nothing.
        try? FileManager.default.removeItem(at: folder)
    }
}
