import Kernel
import Logging
import ServiceLifecycle
import Telemetry

/// One consumer group at work: polls, applies, commits; sends back what failed; buries what keeps failing.
struct EventConsumption: Service {
    struct Settings: Sendable {
        let batch: Int
        let wait: Duration
        let maximumAttempts: Int
        let backoff: Backoff
        let handlerDeadline: Duration
    }

    let group: String
    let log: any EventLog
    let deadLetters: any DeadLetters
    let settings: Settings
    let metrics: MetricRegistry
    let logger: Logger
    /// Must be harmless when called again with the same event.
    let apply: @Sendable (Event) async throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await consume { failures = 0 }
                } catch {
                    guard !Task.isCancelled else { return }
                    failures += 1
                    logger.warning(
                        "event log unavailable", metadata: ["group": "\(group)", "error": "\(error)"])
                    // A cancelled sleep throws; the loop's condition then ends it.
                    try? await Task.sleep(for: settings.backoff.delay(afterAttempt: failures))
                }
            }
        }
    }

    /// Works with one membership until it fails or the task ends.
    private func consume(whenWell: () -> Void) async throws {
        let consumer = try await log.consumer(of: group)
        do {
            while !Task.isCancelled {
                let deliveries = try await consumer.poll(limit: settings.batch, wait: settings.wait)
                try await handle(deliveries, consumer)
                try await replay()
                whenWell()
            }
        } catch {
            await consumer.close()
            throw error
        }
        await consumer.close()
    }

    private func handle(_ deliveries: [Delivery], _ consumer: any EventConsumer) async throws {
        var stopped: Set<Int> = []
        for delivery in deliveries where !stopped.contains(delivery.partition) {
            try Task.checkCancellation()
            do {
                // An event that killed its process came back without an error to count.
                guard delivery.attempt <= settings.maximumAttempts else {
                    throw Failure(.internal, "attempts_exhausted", "Applying it ended the process each time.")
                }
                try await withDeadline(settings.handlerDeadline) { try await apply(delivery.event) }
            } catch {
                if Task.isCancelled { throw CancellationError() }
                if try await sendBack(delivery, error, consumer) {
                    stopped.insert(delivery.partition)
                    continue
                }
            }
            metrics.add(
                to: "events_applied_total", help: "Events that are done with.", labels: ["group": group])
            if try await !consumer.commit(delivery) { stopped.insert(delivery.partition) }
        }
    }

    /// True if the event comes again; false if it was buried and the group goes on.
    private func sendBack(
        _ delivery: Delivery, _ error: any Error, _ consumer: any EventConsumer
    ) async throws -> Bool {
        let event = delivery.event
        logger.warning(
            "event failed",
            metadata: [
                "group": "\(group)", "event": "\(event.id)", "type": "\(event.type)",
                "attempt": "\(delivery.attempt)", "error": "\(error)", "tenant": "\(event.tenant)",
            ])
        guard delivery.attempt >= settings.maximumAttempts else {
            try await consumer.sendBack(
                delivery, delay: settings.backoff.delay(afterAttempt: delivery.attempt))
            return true
        }
        try await deadLetters.bury(
            DeadLetter(
                group: group, event: event, reason: "\(error)", attempts: delivery.attempt, failedAt: .now()))
        metrics.add(to: "events_buried_total", help: "Events that kept failing.", labels: ["group": group])
        return false
    }

    /// Letters that somebody asked to try again.
    private func replay() async throws {
        for letter in try await deadLetters.replayable(group: group, limit: settings.batch) {
            try Task.checkCancellation()
            do {
                try await withDeadline(settings.handlerDeadline) { try await apply(letter.event) }
                _ = try await deadLetters.remove(letter.id)
            } catch {
                if Task.isCancelled { throw CancellationError() }
                try await deadLetters.bury(
                    DeadLetter(
                        group: group, event: letter.event, reason: "\(error)", attempts: letter.attempts + 1,
                        failedAt: .now()))
            }
        }
    }
}
