import Kernel
import Logging
import ServiceLifecycle
import Telemetry
import Videos

/// Takes transcode jobs, one after the other, keeps their leases alive, and lets go of them when it must stop.
struct TranscodeWorker: Service {
    struct Settings: Sendable {
        let lease: Duration
        let heartbeat: Duration
        let pollInterval: Duration
        let backoff: Backoff
        let maximumAttempts: Int
    }

    let name: String
    let jobs: any JobQueue
    let wakeup: Wakeup
    let transcoding: Transcoding
    let objects: any ObjectStore
    let store: any VideoStore
    let settings: Settings
    let metrics: MetricRegistry
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let generation = wakeup.generation
                do {
                    let job = try await jobs.claim(
                        [Transcoding.jobKind], worker: name, lease: settings.lease)
                    if let job {
                        await work(job)
                        continue
                    }
                } catch {
                    logger.warning("job queue unavailable", metadata: ["error": "\(error)"])
                }
                await wakeup.wait(after: generation, atMost: settings.pollInterval)
            }
        }
    }

    private static let exhausted = "The video could not be processed; please try to upload it again."

    private enum End: Sendable { case finished, cancelled, leaseLost }

    private func work(_ job: LeasedJob) async {
        var logger = logger
        logger[metadataKey: "video"] = "\(job.key)"
        logger[metadataKey: "tenant"] = "\(job.tenant)"
        logger.info("transcode started", metadata: ["attempt": "\(job.attempt)"])
        let start = ContinuousClock.now
        let outcome: JobOutcome
        let headway = Headway()
        do {
            outcome = try await perform(job, headway)
        } catch {
            outcome = await failed(job, error, attempt: headway.isMade ? 1 : job.attempt, logger)
        }
        metrics.add(
            to: "jobs_total", help: "Jobs by outcome.", labels: ["kind": job.kind, "outcome": outcome.label])
        metrics.observe(
            (ContinuousClock.now - start).inSeconds, in: "job_seconds", help: "Time of jobs.",
            labels: ["kind": job.kind])
        logger.info("transcode ended", metadata: ["outcome": "\(outcome.label)"])
        await finish(job, outcome, logger)
    }

    /// Runs the job beside its heartbeat; whichever ends first ends the other.
    private func perform(_ job: LeasedJob, _ headway: Headway) async throws -> JobOutcome {
        guard job.attempt <= settings.maximumAttempts else {
            throw MediaFailure(.workerCrashed, Self.exhausted)
        }
        let order = try JSON.decode(Transcoding.Order.self, job.payload)
        let end = try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                try await transcoding.perform(order, job, headway)
                return .finished
            }
            group.addTask { try await keepLease(job) }
            defer { group.cancelAll() }
            return try await group.next() ?? .finished
        }
        switch end {
        case .finished: return .done
        case .cancelled:
            try await removeLeftovers(order, job)
            return .done
        // Somebody else has the job: finishing with our token changes nothing.
        case .leaseLost: return .handBack
        }
    }

    /// A queue that cannot be reached for a moment costs nothing as long as the lease lasts.
    private func keepLease(_ job: LeasedJob) async throws -> End {
        var heldUntil = ContinuousClock.now + settings.lease
        while true {
            try await Task.sleep(for: settings.heartbeat)
            do {
                switch try await jobs.heartbeat(job.lease, extend: settings.lease, checkpoint: nil) {
                case .goOn: heldUntil = .now + settings.lease
                case .cancelled: return .cancelled
                case .leaseLost: return .leaseLost
                }
            } catch {
                guard ContinuousClock.now < heldUntil else { throw error }
                logger.warning("heartbeat failed", metadata: ["video": "\(job.key)", "error": "\(error)"])
            }
        }
    }

    /// What was written between the clean-up of a deleted video and the end of its encoder.
    private func removeLeftovers(_ order: Transcoding.Order, _ job: LeasedJob) async throws {
        guard try await store.read(job.tenant, { try $0.video(order.video) }) == nil else { return }
        try await objects.delete(prefix: VideoObjects(tenant: job.tenant, video: order.video).prefix)
    }

    private func failed(
        _ job: LeasedJob, _ error: any Error, attempt: Int, _ logger: Logger
    ) async -> JobOutcome {
        if Task.isCancelled { return .handBack }
        if error is CancellationError { return await stopped(job, logger) }
        logger.warning("transcode failed", metadata: ["error": "\(error)", "attempt": "\(attempt)"])
        let delay = settings.backoff.delay(afterAttempt: attempt)
        // A full disk or a busy store says nothing about the video.
        if let failure = error as? Failure, failure.isTransient {
            return .postpone(after: max(delay, settings.backoff.maximum / 4), reason: "\(error)")
        }
        guard attempt >= settings.maximumAttempts else { return .retry(after: delay, reason: "\(error)") }
        return await giveUp(
            job, error as? MediaFailure ?? MediaFailure(.workerCrashed, Self.exhausted), logger)
    }

    /// The encoder was told to stop: by deletion, or because the lease went to another worker.
    private func stopped(_ job: LeasedJob, _ logger: Logger) async -> JobOutcome {
        do {
            try await removeLeftovers(JSON.decode(Transcoding.Order.self, job.payload), job)
        } catch {
            return .retry(after: settings.backoff.delay(afterAttempt: job.attempt), reason: "\(error)")
        }
        return .done
    }

    /// The person sees why; the job stays, failed, for the operator.
    private func giveUp(_ job: LeasedJob, _ failure: MediaFailure, _ logger: Logger) async -> JobOutcome {
        do {
            let order = try JSON.decode(Transcoding.Order.self, job.payload)
            try await transcoding.fail(order.video, in: job.tenant, failure)
            return .failed(reason: failure.code.rawValue)
        } catch {
            logger.error("cannot record a failed video", metadata: ["error": "\(error)"])
            return .retry(after: settings.backoff.maximum, reason: "\(error)")
        }
    }

    private func finish(_ job: LeasedJob, _ outcome: JobOutcome, _ logger: Logger) async {
        do {
            // Shielded: a cancelled worker must still hand its job back, or the next waits for the lease to lapse.
            _ = try await Task { try await jobs.finish(job.lease, outcome) }.value
        } catch {
            logger.warning("job not finished; its lease will lapse", metadata: ["error": "\(error)"])
        }
    }
}

extension JobOutcome {
    var label: String {
        switch self {
        case .done: "done"
        case .retry: "retry"
        case .postpone: "postpone"
        case .handBack: "handBack"
        case .failed: "failed"
        }
    }
}
