import CRdkafka
import Foundation
import Kernel
import Logging
import Synchronization

/// An idempotent producer for one topic. One thread gives it records and takes its delivery reports.
///
/// Order is kept by never going on behind a failure. librdkafka sends each partition's records in order and numbered, and
/// a broker takes no number before those below it. Once one record has failed, or none was acknowledged for the deadline,
/// the producer is *condemned*: it accepts nothing more, drops what it has, fails every call in flight, and ends. Another
/// takes its place only when all those calls know. So what a failed call has left in the log is, for each key, a beginning
/// of what it appended, and the call that repeats it writes the whole behind.
final class KafkaProducer: Sendable {
    /// What one call brought, as far as librdkafka has not taken it.
    private struct Job {
        let events: [Event]
        let headers: [EventRecord.Header]
        let batch: DeliveryBatch
        var next = 0

        var rest: Int { events.count - next }
    }

    private struct State {
        var isCondemned = false
        var isClosing = false
        var inbox: [Job] = []
        var batches: [DeliveryBatch] = []
        /// Of calls that have not ended.
        var events = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    /// Records given to librdkafka between two looks at what became of earlier ones.
    private static let stride = 256
    private static let period: Duration = .milliseconds(20)

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
        let batch = DeliveryBatch(count: events.count, deadline: .now + settings.producer.deliveryDeadline)
        try state.withLock { state in
            guard !state.isCondemned, !state.isClosing else { throw Failure.unavailable("The event log") }
            // Twice what librdkafka holds; a single call may be larger.
            guard
                state.events == 0
                    || state.events + events.count <= 2 * settings.producer.maximumInFlightEvents
            else { throw Self.overloaded }
            state.events += events.count
            state.batches.append(batch)
            state.inbox.append(Job(events: events, headers: more, batch: batch))
            // Under the lock, since the client may be gone once the producer is condemned.
            client.wake()
        }
        defer {
            state.withLock { state in
                state.events -= events.count
                state.batches.removeAll { $0 === batch }
            }
        }
        try await batch.wait()
    }

    /// Takes nothing more, lets what is in flight arrive, and ends.
    func close() async {
        state.withLock { state in
            state.isClosing = true
            if !state.isCondemned { client.wake() }
        }
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

    private static let overloaded = Failure(
        .overloaded, "overloaded", "Too many events wait for the event log; try again soon.")

    private func run() {
        var progress = ProducerProgress(patience: settings.producer.deliveryDeadline)
        var jobs: [Job] = []
        var looked = ContinuousClock.now
        while true {
            jobs += state.withLock { state in
                defer { state.inbox = [] }
                return state.inbox
            }
            let isFull = !produce(&jobs)
            rd_kafka_poll(client.pointer, isFull ? 5 : jobs.isEmpty ? 50 : 0)
            let now = ContinuousClock.now
            guard jobs.isEmpty || now - looked >= Self.period else { continue }
            looked = now
            giveUp(&jobs, at: now)
            if let end = end(&progress, isIdle: jobs.isEmpty, at: now) { return finish(jobs, end) }
        }
    }

    /// Gives librdkafka the next records; false if it has no room.
    private func produce(_ jobs: inout [Job]) -> Bool {
        let layout = KeyPartition(partitions: settings.partitions)
        guard let first = jobs.first, client.context.fatal.withLock({ $0 == nil }) else { return true }
        var job = first
        for index in job.next..<min(job.events.count, job.next + Self.stride) {
            let event = job.events[index]
            switch topic.produce(event, job.headers, to: layout.partition(of: event), job.batch) {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                job.next = index + 1
                continue
            case RD_KAFKA_RESP_ERR__QUEUE_FULL:
                jobs[0] = job
                return false
            case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
                job.batch.fail(
                    Failure(
                        .tooLarge, "event_too_large",
                        "An event with \(event.data.count) bytes of data is more than the event log takes."))
            case let code: job.batch.fail(KafkaError(code).failure)
            }
            // The rest of the call is dropped with the event that failed.
            job.batch.settle(job.rest)
            jobs.removeFirst()
            return true
        }
        if job.rest == 0 { jobs.removeFirst() } else { jobs[0] = job }
        return true
    }

    /// Fails calls whose time is over, and drops what waits of those that have failed.
    private func giveUp(_ jobs: inout [Job], at now: ContinuousClock.Instant) {
        for job in jobs where job.batch.deadline <= now { job.batch.fail(Self.overloaded) }
        for batch in state.withLock({ $0.batches }) where batch.deadline <= now {
            batch.fail(.unavailable("The event log"))
        }
        jobs.removeAll { job in
            guard job.batch.hasFailed else { return false }
            job.batch.settle(job.rest)
            return true
        }
    }

    private enum End {
        case wished
        case condemned(String)
    }

    /// Nil while it goes on.
    private func end(
        _ progress: inout ProducerProgress, isIdle: Bool, at now: ContinuousClock.Instant
    ) -> End? {
        let waiting = Int(rd_kafka_outq_len(client.pointer))
        let delivered = client.context.delivered.load(ordering: .relaxed)
        if let error = client.context.fatal.withLock({ $0 }) { return .condemned("\(error)") }
        if progress.isStuck(waiting: waiting, delivered: delivered, at: now) {
            return .condemned("Nothing was acknowledged for \(settings.producer.deliveryDeadline).")
        }
        let isClosing = state.withLock { $0.isClosing && $0.inbox.isEmpty }
        return isClosing && isIdle && waiting == 0 ? .wished : nil
    }

    private func finish(_ jobs: [Job], _ end: End) {
        let inbox = state.withLock { state in
            state.isCondemned = true
            defer { state.inbox = [] }
            return state.inbox
        }
        if case .condemned(let reason) = end {
            logger.warning("Kafka producer is made anew.", metadata: ["reason": "\(reason)"])
        }
        for job in jobs + inbox {
            job.batch.fail(.unavailable("The event log"))
            job.batch.settle(job.rest)
        }
        rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        let patience = ContinuousClock.now + .seconds(5)
        while rd_kafka_outq_len(client.pointer) > 0, ContinuousClock.now < patience {
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
