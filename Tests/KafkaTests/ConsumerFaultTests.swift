import CRdkafka
import Kernel
import MockKafka
import TestDatabase
import Testing

@testable import Kafka

/// Reading while brokers fail and members come and go.
@Suite(.timeLimit(.minutes(5))) struct ConsumerFaultTests {
    @Test func `a member finds its coordinator again when it has moved`() async throws {
        // Members that are gone do not matter here, and this one is to stay.
        try await MockStage.with(partitions: 2) {
            $0.consumer.sessionTimeout = .seconds(30)
        } _: { stage in
            try await stage.log.append((0..<20).map { .sample(key: "a", number: $0) })
            let consumer = try await stage.log.consumer(of: "group")
            var read: [Int] = []
            for broker in [1, 2, 3] {
                stage.cluster.coordinate(group: "events.group", broker: broker)
                let deliveries = try await Self.poll(6, consumer)
                for delivery in deliveries where try await consumer.commit(delivery) {
                    read.append(delivery.event.number)
                }
            }
            #expect(read == Array(0..<18))
            await consumer.close()
        }
    }

    @Test func `an offset that a coordinator refuses for a moment is committed all the same`() async throws {
        try await MockStage.with(partitions: 1) { stage in
            try await stage.log.append((0..<3).map { .sample(key: "a", number: $0) })
            let consumer = try await stage.log.consumer(of: "group")
            let deliveries = try await Self.poll(3, consumer)
            stage.cluster.fail(
                .offsetCommit,
                with: [
                    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
                    RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR__TRANSPORT,
                ])
            #expect(try await consumer.commit(deliveries[2]))
            #expect(try await stage.log.lag(of: "group").events == 0)
            await consumer.close()
        }
    }

    @Test func `a commit that the group refuses for good is an error, and the event comes again`()
        async throws
    {
        try await MockStage.with(partitions: 1) { stage in
            try await stage.log.append([.sample(key: "a", number: 0)])
            let consumer = try await stage.log.consumer(of: "group")
            let delivery = try #require(try await Self.poll(1, consumer).first)
            stage.cluster.fail(.offsetCommit, with: [RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED])
            await #expect(throws: Failure.self) { try await consumer.commit(delivery) }
            await consumer.close()
            let next = try await stage.log.consumer(of: "group")
            #expect(try await Self.poll(1, next).map(\.event.number) == [0])
            await next.close()
        }
    }

    @Test func `a member goes on where it was when brokers come back`() async throws {
        try await MockStage.with(partitions: 2) { stage in
            try await stage.log.append((0..<10).map { .sample(key: "a", number: $0) })
            let consumer = try await stage.log.consumer(of: "group")
            let first = try await Self.poll(10, consumer)
            #expect(try await consumer.commit(first[4]))
            stage.cluster.takeDown()
            #expect(try await consumer.poll(limit: 10, wait: .seconds(1)).isEmpty)
            stage.cluster.bringUp()
            try await stage.log.append((10..<20).map { .sample(key: "a", number: $0) })
            var read: [Int] = []
            let isComplete = try await eventually {
                for delivery in try await consumer.poll(limit: 10, wait: .milliseconds(100)) {
                    read.append(delivery.event.number)
                }
                return Set(read).isSuperset(of: 10..<20)
            }
            #expect(isComplete)
            await consumer.close()
        }
    }

    @Test func `a member with too much in memory pauses its partitions, and goes on when there is room`()
        async throws
    {
        try await MockStage.with(partitions: 2) {
            $0.consumer.maximumEventsPerPartition = 20
        } _: { stage in
            try await stage.log.append((0..<400).map { .sample(key: "\($0 % 8)", number: $0) })
            let consumer = try #require(try await stage.log.consumer(of: "group") as? KafkaEventConsumer)
            var inHand: [Delivery] = []
            func most() async -> Int { await consumer.ledgers.values.map(\.events.count).max() ?? 0 }
            let isFull = try await eventually(within: .seconds(120)) {
                inHand += try await consumer.poll(limit: 20, wait: .milliseconds(200))
                return await most() >= 20
            }
            #expect(isFull)
            for _ in 0..<20 { inHand += try await consumer.poll(limit: 20, wait: .milliseconds(200)) }
            let atMost = await most()
            #expect((20...40).contains(atMost))
            #expect(inHand.count < 100)
            var read = Set<Int>()
            while true {
                for delivery in inHand where try await consumer.commit(delivery) {
                    read.insert(delivery.event.number)
                }
                if read.count == 400 { break }
                inHand = try await consumer.poll(limit: 20, wait: .seconds(60))
                if inHand.isEmpty { break }
            }
            #expect(read == Set(0..<400))
            await consumer.close()
        }
    }

    @Test func `a record that is no event is passed over`() async throws {
        try await MockStage.with(partitions: 1) { stage in
            try await stage.log.append([.sample(key: "a", number: 0)])
            let producer = try KafkaClient(
                .producer, stage.settings.producerConfiguration(), logger: MockStage.logger)
            let topic = rd_kafka_topic_new(producer.pointer, stage.settings.topic, nil)
            #expect(
                crdkafka_produce(producer.pointer, topic, 0, "k", 1, "v", 1, nil, nil)
                    == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_flush(producer.pointer, 10_000)
            rd_kafka_topic_destroy(topic)
            producer.destroy()
            try await stage.log.append([.sample(key: "a", number: 1)])
            #expect(try await stage.everything(2).map(\.number) == [0, 1])
        }
    }

    @Test func `a poll that is cancelled ends soon`() async throws {
        try await MockStage.with { stage in
            let consumer = try await stage.log.consumer(of: "group")
            let polling = Task { try await consumer.poll(limit: 1, wait: .seconds(3600)) }
            try await Task.sleep(for: .milliseconds(50))
            let start = ContinuousClock.now
            polling.cancel()
            let failure = await #expect(throws: Failure.self) { try await polling.value }
            #expect(failure?.kind == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(60))
            await consumer.close()
        }
    }

    @Test func `a closed member hands out and commits nothing`() async throws {
        try await MockStage.with { stage in
            let consumer = try await stage.log.consumer(of: "group")
            await consumer.close()
            await consumer.close()
            await #expect(throws: Failure.self) { try await consumer.poll(limit: 1, wait: .zero) }
        }
    }

    /// Exactly `count`.
    private static func poll(_ count: Int, _ consumer: any EventConsumer) async throws -> [Delivery] {
        let end = ContinuousClock.now + .seconds(120)
        var all: [Delivery] = []
        while all.count < count, ContinuousClock.now < end {
            all += try await consumer.poll(limit: count - all.count, wait: .seconds(1))
        }
        try #require(all.count == count)
        return all
    }
}
