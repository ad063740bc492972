import CRdkafka
import Kernel
import Logging
import Testing

@testable import Kafka

@Suite struct KafkaSettingsTests {
    @Test func `settings of a cluster of three are right as they come`() throws {
        try sound.validate()
    }

    @Test func `what contradicts itself is told, all of it at once`() {
        var settings = sound
        settings.topic = "a topic"
        settings.partitions = 0
        settings.minimumInSyncReplicas = 4
        settings.consumer.heartbeat = .seconds(30)
        settings.consumer.maximumPollInterval = .seconds(10)
        settings.security = ["sasl.username": "x", "group.id": "y"]
        let failure = #expect(throws: Failure.self) { try settings.validate() }
        #expect(
            failure?.fields.map(\.field) == [
                "topic", "partitions", "minimumInSyncReplicas", "heartbeat", "maximumPollInterval",
                "security",
            ])
    }

    @Test func `librdkafka takes every configuration`() throws {
        let logger = MockStage.logger
        var settings = sound
        settings.security = ["security.protocol": "plaintext"]
        for (role, pairs) in [
            (KafkaClient.Role.producer, settings.producerConfiguration()),
            (.consumer, settings.consumerConfiguration(group: "g", instance: "i")),
            (.consumer, settings.readerConfiguration(group: "g")),
            (.consumer, settings.administrationConfiguration()),
        ] {
            try KafkaClient(role, pairs, logger: logger).destroy()
        }
    }

    @Test func `what librdkafka does not take is told with its words`() {
        var settings = sound
        settings.security = ["security.protocol": "telepathy"]
        let failure = #expect(throws: Failure.self) {
            try KafkaClient(.producer, settings.producerConfiguration(), logger: MockStage.logger).destroy()
        }
        #expect(failure?.code == "kafka_settings")
        #expect(failure?.detail.contains("telepathy") == true)
    }

    @Test func `an old librdkafka is complained of, a new one is not`() {
        #expect(LibraryVersion(number: 0x0200_02FF).complaint?.contains("2.0.2 is older than 2.3.0") == true)
        #expect(LibraryVersion(number: 0x0210_00FF).complaint == nil)
    }

    @Test func `members of one group in one process get names of their own, the same ones again`() {
        let names = InstanceNames()
        var first: InstanceNames.Lease? = names.take("node", group: "a")
        let second = names.take("node", group: "a")
        let other = names.take("node", group: "b")
        #expect([first?.name, second.name, other.name] == ["node", "node-2", "node"])
        first = nil
        #expect(names.take("node", group: "a").name == "node")
    }

    @Test func `a producer is stuck when records wait and none gets through for its patience`() {
        var progress = ProducerProgress(patience: .seconds(10))
        let start = ContinuousClock.now
        let looks = [(5, 0, 0), (5, 0, 9), (4, 1, 10), (4, 1, 19), (0, 1, 25), (1, 1, 30), (1, 1, 40)]
        let verdicts = looks.map { waiting, delivered, second in
            progress.isStuck(waiting: waiting, delivered: delivered, at: start + .seconds(second))
        }
        #expect(verdicts == [false, false, false, false, false, false, true])
    }

    private var sound: KafkaSettings {
        KafkaSettings(brokers: "a:9092,b:9092,c:9092", topic: "cloudstream.events", partitions: 12)
    }
}
