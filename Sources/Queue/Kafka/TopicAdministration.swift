import CRdkafka
import Kernel
import Logging

/// Looks at topics and makes them, on a thread of its own.
actor TopicAdministration {
    private struct Topic {
        let partitions: Int
        let withoutLeader: Int
    }

    nonisolated let thread: KafkaThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let settings: KafkaSettings
    private let client: KafkaClient
    private let logger: Logger
    private var isClosed = false

    init(_ settings: KafkaSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        // A consumer, since a producer's look at a topic may make it, with what partitions the brokers like.
        client = try KafkaClient(.consumer, settings.administrationConfiguration(), logger: logger)
        thread = KafkaThread(name: "kafka-administration")
    }

    deinit { thread.stop { [client] in client.destroy() } }

    func close() {
        isClosed = true
        client.destroy()
    }

    /// Makes the topic if it is absent, and waits until it can be written to.
    func prepare(topic: String, partitions: Int, retention: Duration) throws {
        let end = ContinuousClock.now + settings.requestDeadline
        if try look(at: topic) == nil {
            try create(topic, partitions: partitions, retention: retention)
        }
        while true {
            if let found = try look(at: topic) {
                guard found.partitions == partitions else {
                    throw Failure.conflict(
                        "partitions_changed",
                        "The topic '\(topic)' has \(found.partitions) partitions, not \(partitions) as the settings say; its keys would part."
                    )
                }
                if found.withoutLeader == 0 { return }
            }
            guard ContinuousClock.now < end else { throw Failure.unavailable("The topic '\(topic)'") }
            rd_kafka_poll(client.pointer, 50)
        }
    }

    func check(topic: String, partitions: Int) throws {
        // Whoever asked may have stopped waiting while this thread was busy.
        try Task.checkCancellation()
        guard let found = try look(at: topic, within: Self.healthPatience) else {
            throw Failure(.unavailable, "unavailable", "The topic '\(topic)' does not exist.")
        }
        guard found.withoutLeader == 0 else {
            throw Failure(
                .unavailable, "unavailable",
                "\(found.withoutLeader) of \(found.partitions) partitions of '\(topic)' have no leader.")
        }
    }

    /// Whether the brokers give back the words that were committed with an offset. Leaves one in a group of its own.
    func keepsWords(topic: String) throws -> Bool {
        guard !isClosed else { throw Failure.unavailable("The event log") }
        let list = PartitionList(topic: topic, [0])
        list.setOffset(0, words: OffsetMark(head: 0, tries: 1).words, at: 0)
        try list.lend { rd_kafka_commit(client.pointer, $0, 0) }.check()
        let read = PartitionList(topic: topic, [0])
        let milliseconds = Int32(settings.requestDeadline.inMilliseconds)
        try read.lend { rd_kafka_committed(client.pointer, $0, milliseconds) }.check()
        return !read.words(at: 0).isEmpty
    }

    /// Less than a look at all that a process needs may take.
    private static let healthPatience: Duration = .milliseconds(1_500)

    /// Nil if there is no such topic.
    private func look(at name: String, within patience: Duration? = nil) throws -> Topic? {
        guard !isClosed else { throw Failure.unavailable("The event log") }
        guard let topic = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw KafkaError(rd_kafka_last_error()).failure
        }
        defer { rd_kafka_topic_destroy(topic) }
        var found: UnsafePointer<rd_kafka_metadata>?
        let patience = min(patience ?? settings.requestDeadline, settings.requestDeadline)
        let code = rd_kafka_metadata(client.pointer, 0, topic, &found, Int32(patience.inMilliseconds))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
            let complaint = LibraryVersion.running.complaint.map { " " + $0 } ?? ""
            throw Failure(
                .unavailable, "unavailable", "No broker of \(settings.brokers) answers.\(complaint)",
                cause: KafkaError(code))
        }
        defer { rd_kafka_metadata_destroy(found) }
        guard found.pointee.topic_cnt == 1, let first = found.pointee.topics?.pointee else { return nil }
        if first.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART { return nil }
        guard first.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || first.err == RD_KAFKA_RESP_ERR_NO_ERROR
        else {
            throw KafkaError(first.err).failure
        }
        let partitions = UnsafeBufferPointer(start: first.partitions, count: Int(first.partition_cnt))
        return Topic(partitions: partitions.count, withoutLeader: partitions.count { $0.leader < 0 })
    }

    /// Nothing happens if somebody else makes it meanwhile.
    private func create(_ name: String, partitions: Int, retention: Duration) throws {
        let made = withErrorText {
            rd_kafka_NewTopic_new(name, Int32(partitions), Int32(settings.replicationFactor), $0, $1)
        }
        guard let topic = made.value else { throw Failure(.internal, "topic_refused", made.text) }
        defer { rd_kafka_NewTopic_destroy(topic) }
        rd_kafka_NewTopic_set_config(topic, "retention.ms", "\(retention.inMilliseconds)")
        rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", "\(settings.minimumInSyncReplicas)")
        rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete")
        let options = rd_kafka_AdminOptions_new(client.pointer, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        let milliseconds = Int32(settings.requestDeadline.inMilliseconds)
        _ = withErrorText { rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, $0, $1) }
        let queue = rd_kafka_queue_new(client.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        var topics: [OpaquePointer?] = [topic]
        rd_kafka_CreateTopics(client.pointer, &topics, 1, options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 1000) else {
            throw Failure.unavailable("The event log")
        }
        defer { rd_kafka_event_destroy(event) }
        try rd_kafka_event_error(event).check()
        try requireMade(event, name)
    }

    private func requireMade(_ event: OpaquePointer, _ name: String) throws {
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        for index in 0..<count {
            let result = results?[index]
            switch rd_kafka_topic_result_error(result) {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                logger.info("Made a topic.", metadata: ["topic": "\(name)"])
            case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: continue
            case let code:
                let words = rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? ""
                throw Failure(
                    KafkaError(code).failure.kind, "topic_refused",
                    "The brokers refuse to make the topic '\(name)': \(words)", cause: KafkaError(code))
            }
        }
    }
}
