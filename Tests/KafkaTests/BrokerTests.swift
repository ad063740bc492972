import Foundation
import Kernel
import Logging
import TestDatabase
import Testing

@testable import Kafka

private let sharedBrokers = ProcessInfo.processInfo.environment["CLOUDSTREAM_KAFKA_BROKERS"]

/// What needs a broker of its own kind: the cluster that tests share, named by CLOUDSTREAM_KAFKA_BROKERS.
@Suite(
    .enabled(
        if: sharedBrokers != nil,
        "CLOUDSTREAM_KAFKA_BROKERS names no broker; `bench cluster up` starts one."),
    .timeLimit(.minutes(5)))
struct BrokerTests {
    @Test func `a topic is made with its partitions, found again, and refused with others`() async throws {
        let settings = Self.settings()
        try await Self.with(settings) { log in
            await #expect(throws: Failure.self) { try await log.check() }
            try await log.prepare()
            try await log.check()
            try await log.prepare()
        }
        var other = settings
        other.partitions += 1
        try await Self.with(other) { log in
            let failure = await #expect(throws: Failure.self) { try await log.prepare() }
            #expect(failure?.code == "partitions_changed")
        }
    }

    @Test func `a member with a name gets its partitions back when it returns`() async throws {
        var settings = Self.settings()
        settings.consumer.groupInstanceID = "node-1"
        try await Self.with(settings) { log in
            try await log.prepare()
            for number in 0..<64 { try await log.append([.sample(key: "\(number)", number: number)]) }
            var left = Set(0..<64)
            for applied in [20, 64] {
                let member = try await log.consumer(of: "group")
                let end = ContinuousClock.now + .seconds(120)
                while left.count > 64 - applied, ContinuousClock.now < end {
                    for delivery in try await member.poll(limit: 5, wait: .seconds(1))
                    where try await member.commit(delivery) {
                        #expect(left.remove(delivery.event.number) != nil)
                    }
                }
                await member.close()
            }
            #expect(left.isEmpty)
        }
    }

    @Test func `the lag counts every event of every batch`() async throws {
        try await Self.with(Self.settings()) { log in
            try await log.prepare()
            let events = (0..<500).map { Event.sample(key: "\($0 % 9)", number: $0) }
            for start in stride(from: 0, to: 500, by: 50) {
                try await log.append(Array(events[start..<start + 50]))
            }
            #expect(try await log.lag(of: "nobody").events == 500)
        }
    }

    private static func settings() -> KafkaSettings {
        var settings = KafkaSettings(
            brokers: sharedBrokers ?? "", topic: "kafka-tests-\(UUIDv7())", partitions: 4)
        settings.replicationFactor = 1
        settings.minimumInSyncReplicas = 1
        settings.requestDeadline = .seconds(60)
        settings.consumer.sessionTimeout = .seconds(15)
        settings.consumer.heartbeat = .milliseconds(500)
        settings.consumer.maximumPollInterval = .seconds(60)
        return settings
    }

    private static func with(
        _ settings: KafkaSettings, _ body: (KafkaEventLog) async throws -> Void
    ) async throws {
        let log = try KafkaEventLog(settings: settings, logger: MockStage.logger)
        try await body(log)
        await log.close()
    }
}
