import InProcess
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// Where a contract test of `JobQueue` plays: an empty queue, and time that it can let pass.
struct JobQueueStage: Sendable {
    let queue: any JobQueue
    let now: @Sendable () -> Timestamp
    let pass: @Sendable (Duration) async throws -> Void
}

/// An adapter under the contract.
struct JobQueueAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (JobQueueStage) async throws -> Void) async throws -> Void

    static let all = [table] + (TestPostgres.isAvailable ? [postgres, remembering, spread] : [])

    private static let table = JobQueueAdapter(testDescription: "table in SQLite") { test in
        try await TestDatabase.with { file in
            let clock = ManualClock()
            let queue = TableJobQueue(
                database: file.database { clock.now }, now: { clock.now })
            let stage = JobQueueStage(
                queue: queue, now: { clock.now }, pass: { clock.advance(by: $0) })
            try await test(stage)
        }
    }

    private static let postgres = onPostgres("table in Postgres", .init())

    private static let remembering = onPostgres(
        "table in Postgres, seldom looked through", .init(fullLook: .seconds(1)))

    private static func onPostgres(_ name: String, _ settings: TableJobQueue.Settings) -> JobQueueAdapter {
        JobQueueAdapter(testDescription: name) { test in
            try await TestPostgres.with { file in
                try await file.withDriver { driver in
                    let clock = ManualClock()
                    let queue = TableJobQueue(
                        database: Database(driver: driver, now: { clock.now }), settings: settings,
                        now: { clock.now })
                    try await test(
                        JobQueueStage(queue: queue, now: { clock.now }, pass: { clock.advance(by: $0) }))
                }
            }
        }
    }

    /// All tenants of a test are in one of several databases, which keeps its promises to the letter.
    private static let spread = JobQueueAdapter(testDescription: "tables in several databases of Postgres") {
        test in
        let clock = ManualClock()
        try await DatabaseStage.with(tenants: 1, now: { clock.now }) { databases in
            let queues = databases.all.map { TableJobQueue(database: $0.database, now: { clock.now }) }
            try await test(
                JobQueueStage(
                    queue: SpreadJobQueue(queues) { _ in 1 }, now: { clock.now },
                    pass: { clock.advance(by: $0) }))
        }
    }
}
