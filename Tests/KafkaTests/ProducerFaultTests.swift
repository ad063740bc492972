import CRdkafka
import Kernel
import MockKafka
import TestDatabase
import Testing

@testable import Kafka

/// Appending while brokers fail.
@Suite(.timeLimit(.minutes(5))) struct ProducerFaultTests {
    @Test func `an append waits for brokers that are away, and succeeds when they are back`() async throws {
        try await MockStage.with { stage in
            try await stage.log.append([.sample(key: "a", number: 0)])
            stage.cluster.takeDown()
            let appending = Task { try await stage.log.append([.sample(key: "a", number: 1)]) }
            try await Task.sleep(for: .seconds(1))
            stage.cluster.bringUp()
            try await appending.value
            #expect(try await stage.everything(2).map(\.number) == [0, 1])
        }
    }

    @Test func `an append whose brokers stay away fails, and repeated it keeps the order of keys`()
        async throws
    {
        try await MockStage.with {
            $0.producer.deliveryDeadline = .seconds(5)
        } _: { stage in
            let events = (0..<200).map { Event.sample(key: "key \($0 % 5)", number: $0) }
            try await eventuallySucceeds { try await stage.log.append(Array(events.prefix(50))) }
            // Gone while they are under way, however busy the machine is: no answer comes before.
            stage.cluster.slowDown(milliseconds: 60_000)
            let appending = Task { try await stage.log.append(Array(events[50..<150])) }
            try await Task.sleep(for: .milliseconds(100))
            stage.cluster.takeDown()
            let failure = await #expect(throws: Failure.self) { try await appending.value }
            #expect(failure?.kind == .unavailable)
            stage.cluster.slowDown(milliseconds: 0)
            stage.cluster.bringUp()
            try await eventuallySucceeds { try await stage.log.append(Array(events[50..<200])) }
            let read = firstComings(try await stage.everything(200))
            for key in Set(events.map(\.key)) {
                #expect(read.filter { $0.key == key } == events.filter { $0.key == key })
            }
        }
    }

    @Test func `behind a refused event of a key the log holds no later one`() async throws {
        try await MockStage.with(partitions: 1) {
            $0.producer.linger = .zero
        } _: { stage in
            let events = (0..<3000).map { Event.sample(key: "a", number: $0, bytes: 500) }
            try await stage.log.append([events[0]])
            // As many as can be in flight: a real broker refuses what is numbered behind a refused record.
            stage.cluster.slowDown(milliseconds: 20)
            stage.cluster.fail(
                .produce, with: Array(repeating: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, count: 5))
            await #expect(throws: Failure.self) { try await stage.log.append(Array(events.dropFirst())) }
            stage.cluster.slowDown(milliseconds: 0)
            let held = try await stage.everything(1).map(\.number)
            #expect(held == Array(0..<held.count))
            #expect(held.count < events.count)
            try await eventuallySucceeds { try await stage.log.append(Array(events.dropFirst())) }
            #expect(firstComings(try await stage.everything(3000)).map(\.number) == Array(0..<3000))
        }
    }

    @Test(arguments: [
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
    ])
    func `after an error that ends an idempotent producer the next append has another`(
        _ code: rd_kafka_resp_err_t
    ) async throws {
        try await MockStage.with { stage in
            let events = (0..<6).map { Event.sample(key: "a", number: $0) }
            try await stage.log.append([events[0]])
            stage.cluster.fail(.produce, with: [code])
            do {
                try await stage.log.append(Array(events[1..<4]))
            } catch {
                try await eventuallySucceeds { try await stage.log.append(Array(events[1..<4])) }
            }
            try await stage.log.append(Array(events[4..<6]))
            #expect(firstComings(try await stage.everything(6)) == events)
        }
    }

    @Test func `errors that pass are tried again without the caller's help`() async throws {
        try await MockStage.with { stage in
            stage.cluster.fail(
                .produce,
                with: [
                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                    RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                ])
            let events = (0..<100).map { Event.sample(key: "key \($0 % 7)", number: $0) }
            try await stage.log.append(events)
            let read = firstComings(try await stage.everything(100))
            for key in Set(events.map(\.key)) {
                #expect(read.filter { $0.key == key } == events.filter { $0.key == key })
            }
        }
    }

    @Test func `an append follows a partition to its new leader`() async throws {
        try await MockStage.with(partitions: 2) { stage in
            var numbers: [Int] = []
            for broker in 1...3 {
                for partition in 0..<2 {
                    stage.cluster.lead(stage.settings.topic, partition: partition, broker: broker)
                }
                for _ in 0..<3 {
                    try await stage.log.append([.sample(key: "a", number: numbers.count)])
                    numbers.append(numbers.count)
                }
            }
            #expect(try await stage.everything(numbers.count).map(\.number) == numbers)
        }
    }

    @Test func `an append waits for room, and without any it is told that too much waits`() async throws {
        try await MockStage.with(partitions: 1) {
            $0.producer.maximumInFlightBytes = 64 << 10
            $0.producer.deliveryDeadline = .seconds(10)
        } _: { stage in
            let events = (0..<100).map { Event.sample(key: "a", number: $0, bytes: 4 << 10) }
            try await stage.log.append(events)
            stage.cluster.takeDown()
            let failure = await #expect(throws: Failure.self) { try await stage.log.append(events) }
            #expect(failure?.kind == .overloaded || failure?.kind == .unavailable)
            stage.cluster.bringUp()
            try await eventuallySucceeds { try await stage.log.append([.sample(key: "a", number: 100)]) }
        }
    }

    @Test func `an event that is too large is refused alone`() async throws {
        try await MockStage.with {
            $0.producer.maximumEventBytes = 10_000
        } _: { stage in
            let failure = await #expect(throws: Failure.self) {
                try await stage.log.append([.sample(key: "a", number: 0, bytes: 20_000)])
            }
            #expect(failure?.kind == .tooLarge)
            try await stage.log.append([.sample(key: "a", number: 1)])
        }
    }

    @Test func `a cancelled append ends at once`() async throws {
        try await MockStage.with { stage in
            stage.cluster.takeDown()
            let appending = Task { try await stage.log.append([.sample(key: "a", number: 0)]) }
            try await Task.sleep(for: .milliseconds(200))
            let start = ContinuousClock.now
            appending.cancel()
            let failure = await #expect(throws: Failure.self) { try await appending.value }
            #expect(failure?.kind == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(15))
            stage.cluster.bringUp()
        }
    }

    @Test func `what is appended while the log closes arrives, and later it is refused`() async throws {
        try await MockStage.with { stage in
            async let appended: Void = stage.log.append([.sample(key: "a", number: 0)])
            try await appended
            await stage.log.close()
            await #expect(throws: Failure.self) { try await stage.log.append([.sample(key: "a", number: 1)]) }
        }
    }

    @Test func `the health look tells whether brokers and leaders are there`() async throws {
        try await MockStage.with {
            $0.requestDeadline = .seconds(10)
        } _: { stage in
            try await stage.log.prepare()
            try await stage.log.check()
            stage.cluster.lead(stage.settings.topic, partition: 1, broker: -1)
            let isNoticed = try await eventually {
                do {
                    try await stage.log.check()
                    return false
                } catch let failure as Failure {
                    return failure.kind == .unavailable
                }
            }
            #expect(isNoticed)
            stage.cluster.takeDown()
            let failure = await #expect(throws: Failure.self) { try await stage.log.check() }
            #expect(failure?.kind == .unavailable)
        }
    }

    @Test func `a topic with another number of partitions is refused`() async throws {
        try await MockStage.with(partitions: 4) { stage in
            var settings = stage.settings
            settings.partitions = 6
            let other = try KafkaEventLog(settings: settings, logger: MockStage.logger)
            let failure = await #expect(throws: Failure.self) { try await other.prepare() }
            #expect(failure?.code == "partitions_changed")
            await other.close()
        }
    }

    private func eventuallySucceeds(_ body: () async throws -> Void) async throws {
        let hasSucceeded = try await eventually(within: .seconds(120)) {
            do {
                try await body()
                return true
            } catch is Failure {
                return false
            }
        }
        #expect(hasSucceeded)
    }
}
