import CRdkafka
import Kernel
import Logging
import MockKafka
import Testing

@testable import Kafka

/// A log on pretended brokers that can be made to fail.
struct MockStage: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let cluster: MockKafkaCluster
    let settings: KafkaSettings
    let log: KafkaEventLog

    static func with(
        partitions: Int = 4, _ change: (inout KafkaSettings) -> Void = { _ in },
        _ body: (MockStage) async throws -> Void
    ) async throws {
        let cluster = try #require(MockKafkaCluster())
        var settings = KafkaSettings(brokers: cluster.bootstrap, topic: "events", partitions: partitions)
        cluster.makeTopic(settings.topic, partitions: partitions, replicas: 3)
        settings.consumer.sessionTimeout = .seconds(4)
        settings.consumer.heartbeat = .milliseconds(500)
        settings.consumer.maximumPollInterval = .seconds(30)
        settings.consumer.fetchWait = .milliseconds(50)
        change(&settings)
        let log = try KafkaEventLog(settings: settings, logger: logger)
        try await body(MockStage(cluster: cluster, settings: settings, log: log))
        await log.close()
    }

    /// What the log holds, as a group of its own reads it: until `enough`, then as long as more comes.
    func everything(_ enough: Int) async throws -> [Event] {
        let consumer = try await log.consumer(of: "reader-\(UUIDv7())")
        let end = ContinuousClock.now + .seconds(240)
        var events: [Event] = []
        // What came twice is there once.
        var seen: Set<EventID> = []
        while ContinuousClock.now < end {
            let wait: Duration = seen.count < enough ? .seconds(5) : .milliseconds(500)
            let deliveries = try await consumer.poll(limit: 500, wait: wait)
            if deliveries.isEmpty, seen.count >= enough { break }
            events += deliveries.map(\.event)
            seen.formUnion(deliveries.map(\.event.id))
            if let last = deliveries.last { _ = try await consumer.commit(last) }
        }
        await consumer.close()
        return events
    }
}

extension Event {
    private static let someTenant = TenantID()

    static func sample(key: String, number: Int, bytes: Int = 0) -> Event {
        Event(
            type: "sample.happened", version: 1, tenant: someTenant, key: key,
            time: Timestamp(milliseconds: 1_800_000_000_000 + Int64(number)),
            data: Array("\(number)".utf8) + [UInt8](repeating: 32, count: bytes))
    }

    var number: Int {
        Int(String(decoding: data.prefix { $0 != 32 }, as: UTF8.self)) ?? -1
    }
}

/// Events by the order in which each first came.
func firstComings(_ events: [Event]) -> [Event] {
    var seen: Set<EventID> = []
    return events.filter { seen.insert($0.id).inserted }
}
