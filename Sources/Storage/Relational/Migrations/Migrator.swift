private import Crypto
import Kernel

/// Brings the schema up to the program's, before anything else uses it.
package struct Migrator: Sendable {
    private let driver: any SQLDriver
    private let migrations: [Migration]

    package init(driver: any SQLDriver, migrations: [Migration] = Migration.all + Migration.sqlite) {
        self.driver = driver
        self.migrations = migrations
    }

    /// Applies what is missing, each step in its own transaction, and returns the numbers applied.
    ///
    /// `internal` failure `migration_changed` if a step in the database differs from the program's. Steps that the
    /// program does not know are left alone: a newer program made them, and they only expand.
    package func migrate() async throws -> [Int] {
        try await write { try Self.prepare($0) }
        var applied: [Int] = []
        for migration in migrations {
            let isNew = try await write { try Self.apply(migration, $0) }
            if isNew { applied.append(migration.number) }
        }
        return applied
    }

    /// A program that migrates the same database is waited for that long: it works through many transactions, and who waits
    /// for one of them is passed over by the next.
    private static let patience = Duration.seconds(60)
    private static let pause = Duration.milliseconds(20)

    private func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let end = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await driver.write(.system, body)
            } catch let failure as Failure where failure.kind == .overloaded && .now < end {
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Like `migrate`, but all in the one transaction that `connection` is in.
    package static func migrate(_ migrations: [Migration], _ connection: any SQLConnection) throws -> [Int] {
        try prepare(connection)
        return try migrations.filter { try apply($0, connection) }.map(\.number)
    }

    /// The steps that the database lacks. Fails where it has no schema at all.
    package static func missing(_ migrations: [Migration], _ connection: any SQLConnection) throws -> [Int] {
        let known = try SystemReader(connection: connection, scope: ()).select("number", from: .migrations) {
            try $0.next(Int.self)
        }
        return migrations.map(\.number).filter { !known.contains($0) }
    }

    private static func prepare(_ connection: any SQLConnection) throws {
        try connection.script(
            connection.dialect.schema(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number {integer} PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL,
                    applied_at {integer} NOT NULL)
                """))
    }

    private static func apply(_ migration: Migration, _ connection: any SQLConnection) throws -> Bool {
        let writer = SystemWriter(connection: connection, scope: ())
        let hash = SHA256.hash(data: Array(migration.sql.utf8)).map { hex($0) }.joined()
        let known = try writer.reader.first(
            "hash", from: .migrations, where: "number = \(migration.number)"
        ) { try $0.next(String.self) }
        if let known {
            guard known == hash else {
                throw Failure(
                    .internal, "migration_changed",
                    "Migration \(migration.number) (\(migration.name)) is not the one this database was made with."
                )
            }
            return false
        }
        try connection.script(connection.dialect.schema(migration.sql))
        try writer.insert(
            into: .migrations,
            [
                "number": migration.number, "name": migration.name, "hash": hash,
                "applied_at": Timestamp.now(),
            ])
        return true
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }
}

extension SystemTable {
    static let migrations = SystemTable("schema_migrations")
}
