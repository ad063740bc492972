import Foundation
import InProcess
import Kafka
import Kernel
import Logging
import MockKafka
import Relational
import TestDatabase
import Testing

/// Where a contract test of `EventLog` plays: an empty log, and time that it can let pass.
struct EventLogStage: Sendable {
    let log: any EventLog
    let partitions: Int
    /// How long a silent member keeps its partitions; short only where a test lets it lapse.
    let hold: Duration
    /// A delay to send events back with.
    let delay: Duration
    /// How long what is due may take to come; polls end as soon as it is there.
    let patience: Duration
    /// How long nothing must come until a test believes that there is nothing.
    let silence: Duration
    let pass: @Sendable (Duration) async throws -> Void
    /// Since some beginning, by the clock that `pass` moves.
    let now: @Sendable () -> Duration
}

/// An adapter under the contract.
struct EventLogAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    private typealias Play =
        @Sendable (_ lapses: Bool, _ test: (EventLogStage) async throws -> Void) async throws -> Void

    private let play: Play

    /// Holds lapse soon where `lapses`; elsewhere only a test that hangs would see one lapse.
    func run(
        whereHoldsLapse lapses: Bool = false, _ test: (EventLogStage) async throws -> Void
    ) async throws {
        try await play(lapses, test)
    }

    static let all =
        [table, pretendedKafka] + (TestPostgres.isAvailable ? [postgres] : [])
        + (brokers.map { [kafka($0)] } ?? [])

    /// Of a cluster that tests share.
    private static let brokers = ProcessInfo.processInfo.environment["CLOUDSTREAM_KAFKA_BROKERS"]

    private static let table = EventLogAdapter(testDescription: "table in SQLite") { _, test in
        try await TestDatabase.with { file in try await play(file.driver, test) }
    }

    private static let postgres = EventLogAdapter(testDescription: "tables in Postgres") { _, test in
        try await TestPostgres.with { file in
            try await file.withDriver { try await play($0, test) }
        }
    }

    private static func play(
        _ driver: any SQLDriver, _ test: (EventLogStage) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let settings = TableEventLog.Settings(
            partitions: 8, pollInterval: .milliseconds(20), hold: .seconds(30))
        let log = TableEventLog(
            database: Database(driver: driver, now: { clock.now }), settings: settings, now: { clock.now })
        try await log.prepare()
        try await test(
            EventLogStage(
                log: log, partitions: settings.partitions, hold: settings.hold, delay: .seconds(10),
                patience: .seconds(240), silence: .zero, pass: { clock.advance(by: $0) },
                now: { .milliseconds(clock.now.milliseconds) }))
    }
}

extension EventLogAdapter {
    private static let pretendedKafka = EventLogAdapter(testDescription: "Kafka, pretended brokers") {
        lapses, test in
        let cluster = try #require(MockKafkaCluster())
        var settings = KafkaSettings(brokers: cluster.bootstrap, topic: "events", partitions: 8)
        cluster.makeTopic(settings.topic, partitions: settings.partitions, replicas: 3)
        try await play(settings, lapses, test)
        withExtendedLifetime(cluster) {}
    }

    private static func kafka(_ brokers: String) -> EventLogAdapter {
        EventLogAdapter(testDescription: "Kafka") { lapses, test in
            var settings = KafkaSettings(
                brokers: brokers, topic: "contract-\(UUIDv7())", partitions: 8)
            settings.replicationFactor = 1
            settings.minimumInSyncReplicas = 1
            try await play(settings, lapses, test)
        }
    }

    /// Each has topics and groups to make; beyond this they would only wait for each other.
    private static let turns = Turns(16)

    private static func play(
        _ settings: KafkaSettings, _ lapses: Bool, _ test: (EventLogStage) async throws -> Void
    ) async throws {
        await turns.begin()
        do {
            try await playNow(settings, lapses, test)
            await turns.end()
        } catch {
            await turns.end()
            throw error
        }
    }

    /// Time passes by itself.
    private static func playNow(
        _ settings: KafkaSettings, _ lapses: Bool, _ test: (EventLogStage) async throws -> Void
    ) async throws {
        var settings = settings
        settings.consumer.heartbeat = .milliseconds(500)
        // 6 s is the least that brokers allow.
        settings.consumer.maximumPollInterval = lapses ? .seconds(6) : .seconds(12)
        settings.consumer.sessionTimeout = lapses ? .seconds(6) : .seconds(12)
        settings.consumer.fetchWait = .milliseconds(50)
        settings.requestDeadline = .seconds(120)
        let log = try KafkaEventLog(
            settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await log.prepare()
        let begin = ContinuousClock.now
        let stage = EventLogStage(
            log: log, partitions: settings.partitions, hold: settings.consumer.maximumPollInterval,
            delay: .seconds(10), patience: .seconds(240), silence: .milliseconds(500),
            pass: { try await Task.sleep(for: $0) }, now: { ContinuousClock.now - begin })
        try await test(stage)
        await log.close()
    }
}

extension EventLogStage {
    /// Polls until `count` deliveries have come or the patience is over; commits none.
    func receive(_ count: Int, from consumer: any EventConsumer) async throws -> [Delivery] {
        let end = ContinuousClock.now + patience
        var received: [Delivery] = []
        while received.count < count, ContinuousClock.now < end {
            received += try await consumer.poll(
                limit: count - received.count, wait: end - ContinuousClock.now)
        }
        return received
    }

    /// Polls and commits one after the other until `count` are committed or the patience is over.
    func apply(_ count: Int, from consumer: any EventConsumer, limit: Int = 20) async throws -> [Delivery] {
        let end = ContinuousClock.now + patience
        var applied: [Delivery] = []
        while applied.count < count, ContinuousClock.now < end {
            let deliveries = try await consumer.poll(
                limit: min(limit, count - applied.count), wait: end - ContinuousClock.now)
            for delivery in deliveries { #expect(try await consumer.commit(delivery)) }
            applied += deliveries
        }
        return applied
    }

    /// Commits whatever there is for a member that has its partitions, of which the first may take to come.
    func drain(_ consumer: any EventConsumer) async throws -> [Delivery] {
        var all: [Delivery] = []
        while true {
            let deliveries = try await consumer.poll(limit: 20, wait: all.isEmpty ? patience : silence)
            if deliveries.isEmpty { return all }
            all += deliveries
            for delivery in deliveries { #expect(try await consumer.commit(delivery)) }
        }
    }

    /// Whether nothing comes.
    func isSilent(_ consumer: any EventConsumer) async throws -> Bool {
        try await consumer.poll(limit: 100, wait: silence).isEmpty
    }
}
