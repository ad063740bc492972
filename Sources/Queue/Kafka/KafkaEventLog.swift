package import Kernel
package import Logging
import Synchronization

/// The event log as a topic of Kafka.
///
/// A tenant's key always falls into the same partition, by `KeyPartition`. Events are kept for the topic's retention,
/// whether or not every group has read them, so that a group must not be away for longer. In the cluster a group is named
/// `TOPIC.GROUP`, so that programs with topics of their own may share one.
package final class KafkaEventLog: EventLog {
    let settings: KafkaSettings
    let logger: Logger
    private let producers: ProducerSeat
    private let administration: TopicAdministration
    private let lags: LagReaders
    private let instances = InstanceNames()
    /// Nil unless `prepare` found that the brokers keep no words with offsets.
    private let triesTopic = Mutex<String?>(nil)

    /// Connects to nothing yet. Throws `invalid` if `settings` contradict themselves.
    package init(settings: KafkaSettings, logger: Logger) throws {
        try settings.validate()
        self.settings = settings
        self.logger = logger
        producers = ProducerSeat(settings, topic: settings.topic, logger: logger)
        administration = try TopicAdministration(settings, logger: logger)
        lags = LagReaders(settings, logger: logger)
        LibraryVersion.running.warn(logger)
    }

    /// To be called at start: makes the topic if it is absent. Throws `conflict` (code `partitions_changed`) if it has
    /// another number of partitions than the settings, `unavailable` if no broker answers. Brokers that keep no words
    /// with offsets get a second, empty topic besides, whose offsets tell of tries.
    package func prepare() async throws {
        try await administration.prepare(
            topic: settings.topic, partitions: settings.partitions, retention: settings.retention)
        guard try await !administration.keepsWords(topic: settings.topic) else { return }
        let tries = settings.topic + ".tries"
        try await administration.prepare(
            topic: tries, partitions: settings.partitions, retention: settings.retention)
        triesTopic.withLock { $0 = tries }
        logger.notice(
            "The brokers keep no words with offsets; tries are kept as offsets of another topic.",
            metadata: ["topic": "\(tries)"])
    }

    /// Throws unless a broker answers and each partition of the topic has a leader.
    package func check() async throws {
        try await administration.check(topic: settings.topic, partitions: settings.partitions)
    }

    /// Lets what is in flight arrive. Consumers close by themselves.
    package func close() async {
        await producers.close()
        await lags.close()
        await administration.close()
    }

    package func append(_ events: [Event]) async throws {
        guard !events.isEmpty else { return }
        try await producers.producer().send(events)
    }

    package func consumer(of group: String) async throws -> any EventConsumer {
        let instance = settings.consumer.groupInstanceID.map { instances.take($0, group: group) }
        let consumer = try KafkaEventConsumer(
            settings, group: group, instance: instance, triesTopic: triesTopic.withLock { $0 }, logger: logger
        )
        try await consumer.join()
        return consumer
    }

    package func lag(of group: String) async throws -> ConsumerLag {
        try await lags.reader(of: group).lag()
    }
}

/// The producer in use, and who makes the next.
actor ProducerSeat {
    private let settings: KafkaSettings
    private let topic: String
    private let logger: Logger
    private var current: KafkaProducer?
    private var isClosed = false

    init(_ settings: KafkaSettings, topic: String, logger: Logger) {
        self.settings = settings
        self.topic = topic
        self.logger = logger
    }

    /// The one in use; a new one once all calls of a condemned one know.
    func producer() async throws -> KafkaProducer {
        while let current, current.isCondemned {
            await current.hasEnded()
            if self.current === current { self.current = nil }
        }
        guard !isClosed else { throw Failure.unavailable("The event log") }
        if let current { return current }
        let producer = try KafkaProducer(settings, topic: topic, logger: logger)
        current = producer
        return producer
    }

    func close() async {
        isClosed = true
        await current?.close()
        current = nil
    }
}
