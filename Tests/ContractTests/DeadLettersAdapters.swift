import InProcess
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// An adapter of `DeadLetters` under the contract; each test gets an empty one.
struct DeadLettersAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (any DeadLetters) async throws -> Void) async throws -> Void

    static let all = [table] + (TestPostgres.isAvailable ? [postgres] : [])

    private static let table = DeadLettersAdapter(testDescription: "table in SQLite") { test in
        try await TestDatabase.with { file in
            try await test(TableDeadLetters(database: file.database()))
        }
    }

    private static let postgres = DeadLettersAdapter(testDescription: "table in Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { try await test(TableDeadLetters(database: Database(driver: $0))) }
        }
    }
}
