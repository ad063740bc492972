import CRdkafka
import Kernel
import Logging
import Synchronization

/// One member of a consumer group, on a thread of its own.
///
/// librdkafka heartbeats and fetches by itself; partitions come and go only while this polls.
actor KafkaEventConsumer: EventConsumer {
    /// Longest stay inside librdkafka, so that a cancelled poll ends soon.
    private static let slice: Duration = .milliseconds(100)

    nonisolated let thread: KafkaThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    let settings: KafkaSettings
    let client: KafkaClient
    let logger: Logger
    private let group: String
    /// Until it is closed.
    private var instance: InstanceNames.Lease?
    /// Where tries are kept besides, on brokers that keep no words with offsets.
    let triesTopic: String?
    var ledgers: [Int: PartitionLedger] = [:]
    private var paused: Set<Int> = []
    /// Where handing out starts, so that one full partition cannot starve the others.
    private var rotation = 0
    private var isClosed = false

    init(
        _ settings: KafkaSettings, group: String, instance: InstanceNames.Lease?, triesTopic: String?,
        logger: Logger
    ) throws {
        var logger = logger
        logger[metadataKey: "group"] = "\(group)"
        self.settings = settings
        self.logger = logger
        self.group = group
        self.instance = instance
        self.triesTopic = triesTopic
        client = try KafkaClient(
            .consumer, settings.consumerConfiguration(group: group, instance: instance?.name), logger: logger)
        thread = KafkaThread(name: "kafka-consumer")
    }

    /// Not closed, it goes as if its process had died, and its partitions stay its own until the session's end.
    deinit { thread.stop { [client] in client.destroy() } }

    func join() throws {
        rd_kafka_poll_set_consumer(client.pointer)
        let list = PartitionList(topic: settings.topic, [Int(RD_KAFKA_PARTITION_UA)])
        try list.lend { rd_kafka_subscribe(client.pointer, $0) }.check()
    }

    func poll(limit: Int, wait: Duration) async throws -> [Delivery] {
        try requireOpen()
        let end = ContinuousClock.now + wait
        while true {
            let isReady = ledgers.values.contains { $0.isReady(at: .now()) }
            let patience = isReady ? .zero : max(.zero, min(Self.slice, end - .now))
            try fetch(limit: limit, wait: patience)
            let deliveries = try handOut(limit: limit)
            try balance()
            if !deliveries.isEmpty { return deliveries }
            if Task.isCancelled { throw Failure.wrapping(CancellationError()) }
            guard ContinuousClock.now < end else { return [] }
        }
    }

    func commit(_ delivery: Delivery) async throws -> Bool {
        try requireOpen()
        guard var ledger = ledgers[delivery.partition], let before = ledger.mark else { return false }
        guard delivery.position >= before.head else { return true }
        ledger.commit(delivery.position)
        guard try keep([ledger]).contains(delivery.partition) else { return false }
        ledgers[delivery.partition]?.commit(delivery.position)
        return true
    }

    func sendBack(_ delivery: Delivery, delay: Duration) async throws {
        try requireOpen()
        guard var ledger = ledgers[delivery.partition], let before = ledger.mark,
            delivery.position >= before.head
        else { return }
        let moment = Timestamp.now() + delay
        ledger.sendBack(delivery.position, notBefore: moment)
        guard try keep([ledger]).contains(delivery.partition) else { return }
        ledgers[delivery.partition]?.sendBack(delivery.position, notBefore: moment)
    }

    func close() async {
        guard !isClosed else { return }
        isClosed = true
        ledgers = [:]
        let code = rd_kafka_consumer_close(client.pointer)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            // The session lapses by itself then, only later.
            logger.warning("Kafka consumer left without a word.", metadata: ["error": "\(KafkaError(code))"])
        }
        client.destroy()
        instance = nil
    }

    private func requireOpen() throws {
        guard !isClosed else { throw Failure.unavailable("The consumer") }
    }

    /// Serves rebalances and takes up to `limit` records, waiting for the first only.
    private func fetch(limit: Int, wait: Duration) throws {
        var milliseconds = Int32(wait.inMilliseconds)
        for _ in 0..<max(1, limit) {
            let message = rd_kafka_consumer_poll(client.pointer, milliseconds)
            obeyRebalances()
            guard let message else { return }
            defer { rd_kafka_message_destroy(message) }
            milliseconds = 0
            try take(message)
        }
    }

    /// Lets the group go on while an offset is on its way.
    func pump() throws { try fetch(limit: 1, wait: .zero) }

    /// In the order in which they happened; a partition that comes back begins anew.
    func obeyRebalances() {
        for change in client.context.rebalances.withLock({ $0.take() }) {
            logger.debug("Kafka partitions changed.", metadata: ["change": "\(change)"])
            switch change {
            case .assigned(let partitions):
                for partition in partitions { ledgers[partition] = PartitionLedger(partition: partition) }
            case .revoked(let partitions):
                for partition in partitions { ledgers[partition] = nil }
                paused.subtract(partitions)
            }
        }
    }

    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) throws {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return try complain(KafkaError(message.pointee.err))
        }
        let (partition, position) = (Int(message.pointee.partition), message.pointee.offset)
        do {
            let event = try Event(EventRecord(message))
            ledgers[partition]?.fetched(LoggedEvent(position: position, event: event))
        } catch {
            logger.error(
                "A record of the event log is no event and is passed over.",
                metadata: ["partition": "\(partition)", "offset": "\(position)", "error": "\(error)"])
        }
    }

    private func complain(_ error: KafkaError) throws {
        logger.warning("Kafka consumer", metadata: ["error": "\(error)"])
        if let fatal = client.context.fatal.withLock({ $0 }) { throw fatal.failure }
        switch error.code {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            throw error.failure
        default: return
        }
    }

    private func handOut(limit: Int) throws -> [Delivery] {
        let now = Timestamp.now()
        try openLedgers(at: now)
        var counts: [(partition: Int, count: Int)] = []
        var changed: [PartitionLedger] = []
        var room = limit
        let order = ledgers.keys.sorted()
        rotation += 1
        for index in order.indices where room > 0 {
            guard var ledger = ledgers[order[(index + rotation) % order.count]] else { continue }
            let before = ledger.mark
            let count = ledger.handOut(limit: room, at: now).count
            if count > 0 { counts.append((ledger.partition, count)) }
            if ledger.mark != before { changed.append(ledger) }
            room -= count
        }
        let kept = changed.isEmpty ? [] : try keep(changed)
        let lost = Set(changed.map(\.partition)).subtracting(kept)
        // Only now, since partitions may have come and gone while the marks were committed.
        return counts.filter { !lost.contains($0.partition) }.flatMap { partition, count in
            ledgers[partition]?.handOut(limit: count, at: now) ?? []
        }
    }

    /// Reads what the group has committed of partitions that are new and have something to hand out.
    private func openLedgers(at now: Timestamp) throws {
        let new = ledgers.values.filter { $0.mark == nil && $0.isReady(at: now) }.map(\.partition)
        guard !new.isEmpty else { return }
        for (partition, mark) in try committed(new) { ledgers[partition]?.open(mark) }
    }

    /// Stops fetching for partitions with too much in memory, and goes on where there is room again.
    private func balance() throws {
        let most = settings.consumer.maximumEventsPerPartition
        let full = Set(ledgers.values.filter { $0.events.count >= most }.map(\.partition)).subtracting(paused)
        let free = paused.filter { ledgers[$0].map { $0.events.count <= most / 2 } ?? true }
        if !full.isEmpty {
            try PartitionList(topic: settings.topic, full).lend {
                rd_kafka_pause_partitions(client.pointer, $0)
            }.check()
            paused.formUnion(full)
        }
        if !free.isEmpty {
            try PartitionList(topic: settings.topic, free).lend {
                rd_kafka_resume_partitions(client.pointer, $0)
            }.check()
            paused.subtract(free)
        }
    }
}
