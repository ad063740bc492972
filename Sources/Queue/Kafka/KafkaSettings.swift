import Kernel

/// A topic of a Kafka cluster, and how its producer and its consumers behave.
package struct KafkaSettings: Sendable {
    package struct Producer: Sendable {
        /// How long events wait for others to be sent with.
        package var linger: Duration = .milliseconds(5)
        /// Longest time until the brokers have what was appended.
        package var deliveryDeadline: Duration = .seconds(30)
        /// Appended and not yet acknowledged, with their headers; beyond it appending waits.
        package var maximumInFlightBytes = 32 << 20
        package var maximumInFlightEvents = 100_000
        /// Of one event with its headers; not more than the brokers' `message.max.bytes`.
        package var maximumEventBytes = 1_000_000
        /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
        package var compression = "lz4"

        package init() {}
    }

    package struct Consumer: Sendable {
        /// A member that the brokers do not hear of for this long loses its partitions. They allow 6 s or more.
        package var sessionTimeout: Duration = .seconds(45)
        /// At most a third of `sessionTimeout`.
        package var heartbeat: Duration = .seconds(3)
        /// A member that does not poll for this long leaves its group; at least `sessionTimeout`.
        package var maximumPollInterval: Duration = .seconds(300)
        /// Names this process among its group, so that it gets its partitions back after a quick restart. A member
        /// with a name keeps its partitions for `sessionTimeout` also when it closes.
        package var groupInstanceID: String?
        /// Events of one partition in memory, in hand or fetched ahead; beyond it fetching pauses.
        package var maximumEventsPerPartition = 1000
        /// What librdkafka fetches ahead of that, over all partitions.
        package var maximumFetchedBytes = 16 << 20
        /// How long a broker may wait for events before it answers a fetch.
        package var fetchWait: Duration = .milliseconds(100)

        package init() {}
    }

    /// `host:port`, joined by commas: some of the cluster, which tell of the others.
    package var brokers: String
    package var topic: String
    /// Fixed once the topic holds events: another number would part a key's later events from its earlier ones.
    package var partitions: Int
    /// Of a new topic: brokers that hold each partition, and how many of them must have an event before it counts.
    package var replicationFactor = 3
    package var minimumInSyncReplicas = 2
    /// How long a new topic keeps events, whether or not they were read.
    package var retention: Duration = .seconds(7 * 86_400)
    package var clientID = "cloudstream"
    /// TLS and SASL as librdkafka names them: keys that begin with `security.`, `sasl.`, `ssl.` or `enable.ssl.`.
    package var security: [String: String] = [:]
    /// For looking at topics and offsets, and for committing.
    package var requestDeadline: Duration = .seconds(10)
    package var producer = Producer()
    package var consumer = Consumer()

    package init(brokers: String, topic: String, partitions: Int) {
        self.brokers = brokers
        self.topic = topic
        self.partitions = partitions
    }

    /// Throws `invalid` with all that contradicts itself.
    package func validate() throws {
        var fields: [Failure.Field] = []
        func require(_ field: String, _ isRight: Bool, _ detail: String) {
            if !isRight { fields.append(Failure.Field(field, "invalid", detail)) }
        }
        require("brokers", !brokers.isEmpty, "must name a broker")
        require(
            "topic", Self.isTopicName(topic),
            "must have 1 to 180 letters, digits, dots, dashes or underscores")
        require("partitions", (1...10_000).contains(partitions), "must be from 1 to 10000")
        require("replicationFactor", replicationFactor >= 1, "must be at least 1")
        require(
            "minimumInSyncReplicas", (1...max(1, replicationFactor)).contains(minimumInSyncReplicas),
            "must be from 1 to replicationFactor")
        require("retention", retention > .zero, "must be longer than nothing")
        require(
            "heartbeat", consumer.heartbeat > .zero && consumer.heartbeat * 3 <= consumer.sessionTimeout,
            "must be at most a third of sessionTimeout")
        require(
            "maximumPollInterval", consumer.maximumPollInterval >= consumer.sessionTimeout,
            "must be at least sessionTimeout")
        for key in security.keys where !Self.isSecurityKey(key) {
            require("security", false, "'\(key)' is not a key of security")
        }
        guard fields.isEmpty else { throw Failure.invalid(fields) }
    }

    private static func isTopicName(_ name: String) -> Bool {
        (1...180).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
            }
    }

    private static func isSecurityKey(_ key: String) -> Bool {
        ["security.", "sasl.", "ssl.", "enable.ssl."].contains { key.hasPrefix($0) }
    }
}
