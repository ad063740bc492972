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
    .timeLimit(.minutes(2)))
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

    @Test func `a member with a name gets its partitions back without disturbing the group`() async throws {
        var settings = Self.settings()
        settings.consumer.groupInstanceID = "node-1"
        var second = settings
        second.consumer.groupInstanceID = "node-2"
        try await Self.with(settings) { log in
            try await log.prepare()
            try await Self.with(second) { other in
                try await other.prepare()
                var first = try await log.consumer(of: "group")
                try await Self.join([first], log)
                let steady = try await other.consumer(of: "group")
                try await Self.join([first, steady], log)
                let before = await Self.partitions(of: steady)
                await first.close()
                first = try await log.consumer(of: "group")
                for number in 0..<64 { try await log.append([.sample(key: "\(number)", number: number)]) }
                var seen: Set<Int> = []
                let isBack = try await eventually(within: .seconds(30)) {
                    for delivery in try await first.poll(limit: 50, wait: .milliseconds(100)) {
                        seen.insert(delivery.partition)
                    }
                    _ = try await steady.poll(limit: 50, wait: .milliseconds(100))
                    return seen.count == settings.partitions - before.count
                }
                #expect(isBack)
                #expect(seen.isDisjoint(with: before))
                #expect(await Self.partitions(of: steady) == before)
                await first.close()
                await steady.close()
            }
        }
    }

    @Test func `doubles that a cut connection would make are dropped by the broker`() async throws {
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
        settings.consumer.sessionTimeout = .seconds(6)
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

    private static func partitions(of consumer: any EventConsumer) async -> Set<Int> {
        guard let consumer = consumer as? KafkaEventConsumer else { return [] }
        return Set(await consumer.ledgers.keys)
    }

    private static func join(_ members: [any EventConsumer], _ log: KafkaEventLog) async throws {
        let hasJoined = try await eventually(within: .seconds(40)) {
            var count = 0
            for member in members {
                _ = try await member.poll(limit: 50, wait: .milliseconds(100))
                let held = await partitions(of: member).count
                if held == 0 { return false }
                count += held
            }
            return count == log.settings.partitions
        }
        #expect(hasJoined)
    }
}
