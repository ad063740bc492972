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
    /// How long a silent member keeps its partitions.
    let hold: Duration
    /// A delay to send events back with.
    let delay: Duration
    /// How long what is due may take to come; polls end as soon as it is there.
    let patience: Duration
    /// How long nothing must come until a test believes that there is nothing.
    let silence: Duration
    let pass: @Sendable (Duration) async throws -> Void
}

/// An adapter under the contract.
struct EventLogAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (EventLogStage) async throws -> Void) async throws -> Void

    static let all =
        [table, pretendedKafka] + (TestPostgres.isAvailable ? [postgres] : [])
        + (brokers.map { [kafka($0)] } ?? [])

    /// Of a cluster that tests share.
    private static let brokers = ProcessInfo.processInfo.environment["CLOUDSTREAM_KAFKA_BROKERS"]

    private static let table = EventLogAdapter(testDescription: "table in SQLite") { test in
        try await TestDatabase.with { file in try await play(file.driver, test) }
    }

    private static let postgres = EventLogAdapter(testDescription: "tables in Postgres") { test in
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
                patience: .seconds(60), silence: .zero, pass: { clock.advance(by: $0) }))
    }
}

extension EventLogAdapter {
    private static let pretendedKafka = EventLogAdapter(testDescription: "Kafka, pretended brokers") { test in
        let cluster = try #require(MockKafkaCluster())
        var settings = KafkaSettings(brokers: cluster.bootstrap, topic: "events", partitions: 8)
        cluster.makeTopic(settings.topic, partitions: settings.partitions, replicas: 3)
        settings.consumer.sessionTimeout = .seconds(4)
        try await play(settings, test)
        withExtendedLifetime(cluster) {}
    }

    private static func kafka(_ brokers: String) -> EventLogAdapter {
        EventLogAdapter(testDescription: "Kafka") { test in
            var settings = KafkaSettings(
                brokers: brokers, topic: "contract-\(UUIDv7())", partitions: 8)
            settings.replicationFactor = 1
            settings.minimumInSyncReplicas = 1
            // The least that brokers allow.
            settings.consumer.sessionTimeout = .seconds(6)
            try await play(settings, test)
        }
    }

    /// Time passes by itself.
    private static func play(
        _ settings: KafkaSettings, _ test: (EventLogStage) async throws -> Void
    ) async throws {
        var settings = settings
        settings.consumer.heartbeat = .milliseconds(500)
        settings.consumer.maximumPollInterval = .seconds(6)
        settings.consumer.fetchWait = .milliseconds(50)
        settings.requestDeadline = .seconds(20)
        let log = try KafkaEventLog(
            settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await log.prepare()
        let stage = EventLogStage(
            log: log, partitions: settings.partitions, hold: settings.consumer.maximumPollInterval,
            delay: .seconds(10), patience: .seconds(60), silence: .milliseconds(500),
            pass: { try await Task.sleep(for: $0) })
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

    /// Commits whatever there is now for a member that has its partitions.
    func drain(_ consumer: any EventConsumer) async throws -> [Delivery] {
        var all: [Delivery] = []
        while true {
            let deliveries = try await consumer.poll(limit: 20, wait: silence)
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
