import InProcess
import Kernel
import Relational
import TestDatabase
import Testing

/// Where a contract test of `EventLog` plays: an empty log, and time that it can let pass.
struct EventLogStage: Sendable {
    let log: any EventLog
    let partitions: Int
    /// How long a silent member keeps its partitions.
    let hold: Duration
    let pass: @Sendable (Duration) async throws -> Void
}

/// An adapter under the contract.
struct EventLogAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (EventLogStage) async throws -> Void) async throws -> Void

    static let all = [table]

    private static let table = EventLogAdapter(testDescription: "table in SQLite") { test in
        try await TestDatabase.with { file in
            let clock = ManualClock()
            let settings = TableEventLog.Settings(
                partitions: 8, pollInterval: .milliseconds(20), hold: .seconds(30))
            let log = TableEventLog(
                database: file.database { clock.now }, settings: settings, now: { clock.now })
            try await log.prepare()
            let stage = EventLogStage(
                log: log, partitions: settings.partitions, hold: settings.hold,
                pass: { clock.advance(by: $0) })
            try await test(stage)
        }
    }
}
