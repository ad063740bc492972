import CRdkafka
import Foundation
import Kernel
import Logging
import Synchronization

/// An idempotent producer for one topic, with the thread that takes its delivery reports.
///
/// Order is kept by never going on behind a failure. librdkafka sends each partition's records in order and numbered, and
/// a broker takes no number before those below it. Once one record has failed, or none was acknowledged for the deadline,
/// the producer is *condemned*: it accepts nothing more, drops what it has, fails every call in flight, and ends. Another
/// takes its place only when all those calls know. So what a failed call has left in the log is, for each key, a beginning of
/// what it appended, and the call that repeats it writes the whole behind.
final class KafkaProducer: Sendable {
    private struct State {
        var isCondemned = false
        var isClosing = false
        var batches: [DeliveryBatch] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    /// Records given to librdkafka between two looks at whether the producer is condemned.
    private static let stride = 64

    private let client: KafkaClient
    private let topic: KafkaTopicHandle
    private let settings: KafkaSettings
    private let logger: Logger
    private let state = Mutex(State())

    init(_ settings: KafkaSettings, topic: String, logger: Logger) throws {
        client = try KafkaClient(.producer, settings.producerConfiguration(), logger: logger)
        self.topic = try KafkaTopicHandle(client, topic)
        self.settings = settings
        self.logger = logger
        let thread = Thread { [self] in run() }
        thread.name = "kafka-producer"
        thread.start()
    }

    /// Whether another has to take its place.
    var isCondemned: Bool { state.withLock { $0.isCondemned || $0.isClosing } }

    /// Returns when the brokers have all of `events`, with `more` headers, in order per key.
    func send(_ events: [Event], _ more: [EventRecord.Header] = []) async throws {
        let count = events.count
        let batch = DeliveryBatch(count: count, deadline: .now + settings.producer.deliveryDeadline)
        var next = 0
        var waits = 0
        let backoff = Backoff(first: .milliseconds(2), maximum: .milliseconds(100))
        do {
            try state.withLock { state in
                guard !state.isCondemned, !state.isClosing else { throw Failure.unavailable("The event log") }
                state.batches.append(batch)
            }
            while next < count {
                let before = next
                try produce(events, more, from: &next, batch)
                guard next == before else { continue }
                guard ContinuousClock.now < batch.deadline else {
                    throw Failure(
                        .overloaded, "overloaded", "Too many events wait for the event log; try again soon.")
                }
                waits += 1
                try await Task.sleep(for: backoff.delay(afterAttempt: waits))
            }
        } catch {
            batch.fail(.wrapping(error))
            batch.settle(count - next)
        }
        defer { state.withLock { $0.batches.removeAll { $0 === batch } } }
        try await batch.wait()
    }

    /// Gives some records to librdkafka; none, if it has no room. The lock makes sure that nothing follows a failure.
    private func produce(
        _ events: [Event], _ more: [EventRecord.Header], from next: inout Int, _ batch: DeliveryBatch
    ) throws {
        let layout = KeyPartition(partitions: settings.partitions)
        try state.withLock { state in
            guard !state.isCondemned else { throw Failure.unavailable("The event log") }
            for index in next..<min(events.count, next + Self.stride) {
                let event = events[index]
                switch topic.produce(event, more, to: layout.partition(of: event), batch) {
                case RD_KAFKA_RESP_ERR_NO_ERROR: next = index + 1
                case RD_KAFKA_RESP_ERR__QUEUE_FULL: return
                case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
                    throw Failure(
                        .tooLarge, "event_too_large",
                        "An event with \(event.data.count) bytes of data is more than the event log takes.")
                case let code: throw KafkaError(code).failure
                }
            }
        }
    }

    /// Takes nothing more, lets what is in flight arrive, and ends.
    func close() async {
        state.withLock { $0.isClosing = true }
        await hasEnded()
    }

    /// Returns when all calls know and the client is gone.
    func hasEnded() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func run() {
        var progress = ProducerProgress(patience: settings.producer.deliveryDeadline)
        while true {
            rd_kafka_poll(client.pointer, 50)
            let now = ContinuousClock.now
            let (batches, isClosing) = state.withLock { ($0.batches, $0.isClosing) }
            for batch in batches where batch.deadline <= now { batch.fail(.unavailable("The event log")) }
            let waiting = Int(rd_kafka_outq_len(client.pointer))
            let delivered = client.context.delivered.load(ordering: .relaxed)
            if let error = client.context.fatal.withLock({ $0 }) { return end("\(error)") }
            if progress.isStuck(waiting: waiting, delivered: delivered, at: now) {
                return end("Nothing was acknowledged for \(settings.producer.deliveryDeadline).")
            }
            if isClosing, waiting == 0 { return end(nil) }
        }
    }

    private func end(_ reason: String?) {
        state.withLock { $0.isCondemned = true }
        if let reason { logger.warning("Kafka producer is made anew.", metadata: ["reason": "\(reason)"]) }
        rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        let end = ContinuousClock.now + .seconds(5)
        while rd_kafka_outq_len(client.pointer) > 0, ContinuousClock.now < end {
            rd_kafka_poll(client.pointer, 20)
        }
        topic.destroy()
        client.destroy()
        let (batches, waiters) = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return (state.batches, state.waiters)
        }
        for batch in batches { batch.fail(.unavailable("The event log")) }
        for waiter in waiters { waiter.resume() }
    }
}

/// Tells a producer that makes no progress from one that is busy.
struct ProducerProgress {
    let patience: Duration
    private var delivered = 0
    private var since: ContinuousClock.Instant?

    init(patience: Duration) { self.patience = patience }

    /// True if records wait and none was delivered for as long as the patience.
    mutating func isStuck(waiting: Int, delivered: Int, at now: ContinuousClock.Instant) -> Bool {
        guard waiting > 0, delivered == self.delivered, let since else {
            self.delivered = delivered
            since = waiting > 0 ? now : nil
            return false
        }
        return now - since >= patience
    }
}
