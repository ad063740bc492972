import InProcess
import Kafka
import Kernel
import Logging
import MockKafka
import Relational
import Synchronization
import TestDatabase
import Testing

/// From a commit in the database to an effect behind Kafka, with faults all the way.
@Suite(.timeLimit(.minutes(5))) struct RelayedEventsTests {
    private struct Told: EventPayload {
        static let type = "thing.told"
        static let version = 1
        let number: Int
    }

    @Test func `all that is committed is applied once and in order of its key, whatever dies on the way`()
        async throws
    {
        try await TestDatabase.with { file async throws in
            try await MockStage.with(partitions: 3) {
                $0.producer.deliveryDeadline = .seconds(3)
            } _: { stage in
                let database = file.database()
                let history = SharedHistory()
                for round in 0..<40 { try await Self.publish(round, database) }
                let committed = try await Outbox(database).oldest(1000).map(\.event)
                try #require(committed.count == 240)
                for event in committed { history.commit(event) }

                let log = ForgetfulLog(stage.log)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await Self.relay(log, database) }
                    group.addTask { await Self.disturb(stage.cluster) }
                    for _ in 0..<2 { group.addTask { await Self.apply(stage.log, database, history) } }
                    let isComplete = try await eventually(within: .seconds(240)) {
                        let depth = try await Outbox(database).depth()
                        return history.appliedCount == 240 && depth == 0
                    }
                    #expect(isComplete)
                    group.cancelAll()
                }
                #expect(log.forgotten >= 3)
                #expect(history.doubles > 0)
                #expect(history.faults == [])
            }
        }
    }

    /// One event of each of six keys, in one transaction.
    private static func publish(_ round: Int, _ database: Database) async throws {
        let tenant = TenantID(UUIDv7(high: 7 << 16 | 0x7000, low: 7))
        _ = try await database.write(WriteContext(tenant: tenant)) { transaction in
            for key in 0..<6 { try transaction.publish(Told(number: round), key: "key \(key)") }
            return true
        }
    }

    /// Whenever a relay dies, another begins.
    private static func relay(_ log: any EventLog, _ database: Database) async {
        while !Task.isCancelled {
            let relay = OutboxRelay(
                database: database, log: log,
                settings: .init(batch: 16, leaseLifetime: .milliseconds(100)), logger: MockStage.logger)
            do {
                while try await relay.relayOnce() > 0 {}
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                // A cancelled sleep throws, and the loop ends by itself then.
                try? await Task.sleep(for: .milliseconds(120))
            }
        }
    }

    /// Whenever a member dies, which each does without a word after its first 60 events, another begins.
    private static func apply(_ log: any EventLog, _ database: Database, _ history: SharedHistory) async {
        var applied = 0
        while !Task.isCancelled {
            do {
                let consumer = try await log.consumer(of: "group")
                while applied != 60 {
                    for delivery in try await consumer.poll(limit: 5, wait: .milliseconds(200)) {
                        try await apply(delivery.event, database, history)
                        applied += 1
                        guard try await consumer.commit(delivery), applied != 60 else { break }
                    }
                }
                applied += 1
            } catch {
                continue
            }
        }
    }

    private static func apply(_ event: Event, _ database: Database, _ history: SharedHistory) async throws {
        let context = WriteContext(tenant: event.tenant, once: .event(event.id, consumer: "group"))
        history.see(event)
        _ = try await database.write(context) { _ in
            history.apply(event)
            return true
        }
    }

    private static func disturb(_ cluster: MockKafkaCluster) async {
        var broker = 0
        for _ in 0..<12 where !Task.isCancelled {
            broker = broker % 3 + 1
            cluster.takeDown(broker)
            // A cancelled sleep throws; the broker comes up all the same.
            try? await Task.sleep(for: .milliseconds(250))
            cluster.bringUp(broker)
            try? await Task.sleep(for: .milliseconds(250))
        }
    }
}

private final class SharedHistory: Sendable {
    private struct State {
        var history = EventHistory()
        var seen: [EventID: Int] = [:]
    }

    private let state = Mutex(State())

    func commit(_ event: Event) { state.withLock { $0.history.commit(event) } }
    func see(_ event: Event) { state.withLock { $0.seen[event.id, default: 0] += 1 } }
    func apply(_ event: Event) { state.withLock { $0.history.apply(event) } }

    var appliedCount: Int { state.withLock { $0.history.appliedCount } }
    var faults: Set<EventHistory.Fault> { state.withLock { $0.history.faults } }
    /// Events that came more than once.
    var doubles: Int { state.withLock { $0.seen.values.count { $0 > 1 } } }
}

/// Appends, and each fourth time fails as if the relay had died before it knew.
private final class ForgetfulLog: EventLog {
    private let log: any EventLog
    private let appends = Mutex(0)

    init(_ log: any EventLog) { self.log = log }

    var forgotten: Int { appends.withLock { $0 / 4 } }

    func append(_ events: [Event]) async throws {
        try await log.append(events)
        let isFaulty = appends.withLock { appends in
            appends += 1
            return appends.isMultiple(of: 4)
        }
        if isFaulty { throw Failure.unavailable("The log") }
    }

    func consumer(of group: String) async throws -> any EventConsumer { try await log.consumer(of: group) }
    func lag(of group: String) async throws -> ConsumerLag { try await log.lag(of: group) }
}
