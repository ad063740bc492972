import Kernel
import Logging
import Relational
import Synchronization
import TestDatabase
import Testing

@testable import InProcess

@Suite struct OutboxRelayTests {
    private struct Told: EventPayload {
        static let type = "thing.told"
        static let version = 1
        let number: Int
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `who does not have the lease asks for it less often than its holder looks`() {
        let quick = OutboxRelay.Settings(pollInterval: .milliseconds(20), leaseLifetime: .seconds(15))
        #expect(quick.wait(holdsLease: true) == .milliseconds(20))
        #expect(quick.wait(holdsLease: false) == .milliseconds(250))
        let slow = OutboxRelay.Settings(pollInterval: .seconds(1), leaseLifetime: .seconds(15))
        #expect(slow.wait(holdsLease: true) == .seconds(1))
        #expect(slow.wait(holdsLease: false) == .seconds(1))
    }

    @Test func `events reach the log in the order of their commits, batch by batch`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            try await publish(0..<10, database)
            let log = TableEventLog(database: database)
            let relay = OutboxRelay(
                database: database, log: log, settings: .init(batch: 4), logger: Self.logger)
            #expect(try await relay.relayOnce() == 4)
            #expect(try await relay.relayOnce() == 4)
            #expect(try await relay.relayOnce() == 2)
            #expect(try await relay.relayOnce() == 0)
            #expect(try await numbers(log) == Array(0..<10))
            #expect(try await Outbox(database).depth() == 0)
        }
    }

    @Test func `a crash between telling and forgetting tells nothing twice`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            try await publish(0..<5, database)
            let log = TableEventLog(database: database)
            let crashing = OutboxRelay(
                database: database, log: FaultyLog(log, failures: 1), logger: Self.logger)
            await #expect(throws: Failure.self) { try await crashing.relayOnce() }
            #expect(try await Outbox(database).depth() == 5)
            #expect(try await crashing.relayOnce() == 5)
            #expect(try await numbers(log) == Array(0..<5))
            #expect(try await Outbox(database).depth() == 0)
        }
    }

    @Test func `one process relays, and another takes over when it falls silent`() async throws {
        try await TestDatabase.with { file async throws in
            let clock = ManualClock()
            let database = file.database { clock.now }
            let log = TableEventLog(database: database, now: { clock.now })
            let relays = (0..<2).map { _ in
                OutboxRelay(
                    database: database, log: log, settings: .init(leaseLifetime: .seconds(10)),
                    logger: Self.logger, now: { clock.now })
            }
            #expect(try await relays[0].relayOnce() == 0)
            try await publish(0..<3, database)
            #expect(try await relays[1].relayOnce() == 0)
            clock.advance(by: .seconds(8))
            #expect(try await relays[0].relayOnce() == 3)
            try await publish(3..<5, database)
            clock.advance(by: .seconds(9))
            #expect(try await relays[1].relayOnce() == 0)
            clock.advance(by: .seconds(2))
            #expect(try await relays[1].relayOnce() == 2)
            #expect(try await relays[0].relayOnce() == 0)
            #expect(try await numbers(log) == Array(0..<5))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `running survives errors, wakes for new events, and ends when cancelled`() async throws {
        try await TestDatabase.with { file async throws in
            let database = file.database()
            let log = TableEventLog(database: database)
            let backoff = Backoff(first: .milliseconds(1), maximum: .milliseconds(5))
            let relay = OutboxRelay(
                database: database, log: FaultyLog(log, failures: 3),
                settings: .init(pollInterval: .seconds(3600), backoff: backoff), logger: Self.logger)
            let running = Task { try await relay.run() }
            for round in 0..<5 {
                try await publish(round..<round + 1, database)
                #expect(try await eventually { try await Outbox(database).depth() == 0 })
            }
            running.cancel()
            try await running.value
            #expect(try await numbers(log) == Array(0..<5))
            let next = try await Leases(database).acquire(
                "outbox-relay", owner: "next", lifetime: .seconds(1))
            #expect(next != nil)
        }
    }

    private func publish(_ numbers: Range<Int>, _ database: Database) async throws {
        for number in numbers {
            _ = try await database.write(WriteContext(tenant: TenantID())) { transaction in
                try transaction.publish(Told(number: number), key: "thing")
                return true
            }
        }
    }

    private func numbers(_ log: TableEventLog) async throws -> [Int] {
        try await log.everything().map { try $0.payload(Told.self).number }
    }
}

/// Appends, and then fails the first few times as if the process had died before it knew.
private final class FaultyLog: EventLog {
    private let log: TableEventLog
    private let failures: Mutex<Int>

    init(_ log: TableEventLog, failures: Int) {
        self.log = log
        self.failures = Mutex(failures)
    }

    func append(_ events: [Event]) async throws {
        try await log.append(events)
        let isFaulty = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if isFaulty { throw Failure.unavailable("The log") }
    }

    func consumer(of group: String) async throws -> any EventConsumer { try await log.consumer(of: group) }
    func lag(of group: String) async throws -> ConsumerLag { try await log.lag(of: group) }
}
