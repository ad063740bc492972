import CRdkafka
import Kernel
import Logging

/// One reader for each group that is asked after; few, since groups are named by the program.
actor LagReaders {
    private static let maximum = 32

    private let settings: KafkaSettings
    private let logger: Logger
    private var readers: [String: LagReader] = [:]
    private var isClosed = false

    init(_ settings: KafkaSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    func reader(of group: String) throws -> LagReader {
        guard !isClosed else { throw Failure.unavailable("The event log") }
        if let reader = readers[group] { return reader }
        if readers.count >= Self.maximum { readers = [:] }
        let reader = try LagReader(settings, group: group, logger: logger)
        readers[group] = reader
        return reader
    }

    func close() {
        isClosed = true
        readers = [:]
    }
}

/// Finds out how far a group is behind, without being a member: reads the first event behind each committed offset.
///
/// The end of a partition is taken from the answer to that fetch, not from asking for offsets, which some brokers answer
/// by the last batch's beginning.
actor LagReader {
    private enum Look {
        case nothing
        case behind(first: Int64, since: Timestamp?)
    }

    nonisolated let thread: KafkaThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let settings: KafkaSettings
    private let client: KafkaClient

    init(_ settings: KafkaSettings, group: String, logger: Logger) throws {
        self.settings = settings
        client = try KafkaClient(.consumer, settings.readerConfiguration(group: group), logger: logger)
        thread = KafkaThread(name: "kafka-lag")
        rd_kafka_poll_set_consumer(client.pointer)
    }

    deinit { thread.stop { [client] in client.destroy() } }

    func lag() throws -> ConsumerLag {
        let list = PartitionList(topic: settings.topic, 0..<settings.partitions)
        let milliseconds = Int32(settings.requestDeadline.inMilliseconds)
        try list.lend { rd_kafka_committed(client.pointer, $0, milliseconds) }.check()
        for index in 0..<settings.partitions {
            try list.code(at: index).check()
            if list.offset(at: index) < 0 {
                list.setOffset(Int64(RD_KAFKA_OFFSET_BEGINNING), at: index)
            }
        }
        try list.lend { rd_kafka_assign(client.pointer, $0) }.check()
        defer { rd_kafka_assign(client.pointer, nil) }
        var events = 0
        var oldest: Timestamp?
        for (partition, look) in try looks() {
            guard case .behind(let first, let since) = look else { continue }
            events += Int(try end(of: partition) - first)
            if let since { oldest = min(oldest ?? since, since) }
        }
        return ConsumerLag(events: events, oldest: oldest)
    }

    /// What stands at each committed offset.
    private func looks() throws -> [Int: Look] {
        let end = ContinuousClock.now + settings.requestDeadline
        var looks: [Int: Look] = [:]
        while looks.count < settings.partitions {
            guard ContinuousClock.now < end else { throw Failure.unavailable("The event log") }
            guard let message = rd_kafka_consumer_poll(client.pointer, 100) else { continue }
            defer { rd_kafka_message_destroy(message) }
            let partition = Int(message.pointee.partition)
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                looks[partition] = looks[partition] ?? .nothing
            case RD_KAFKA_RESP_ERR_NO_ERROR where looks[partition] == nil:
                // A record that is no event counts, but has no time.
                let event = try? Event(EventRecord(message))
                looks[partition] = .behind(first: message.pointee.offset, since: event?.time)
            default: continue
            }
        }
        return looks
    }

    private func end(of partition: Int) throws -> Int64 {
        var (low, high) = (Int64(0), Int64(0))
        try rd_kafka_get_watermark_offsets(client.pointer, settings.topic, Int32(partition), &low, &high)
            .check()
        return high
    }
}
