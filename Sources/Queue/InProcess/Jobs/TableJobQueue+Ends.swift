package import Kernel
import Relational

extension TableJobQueue {
    package func finish(_ lease: JobLease, _ outcome: JobOutcome) async throws -> Bool {
        let isHeld: Bool
        if outcome == .done {
            isHeld = try await claims.done(lease)
        } else {
            let now = now()
            isHeld = try await putAside(lease, outcome, at: now)
            await claims.ended(
                lease, waitsAgain: isHeld && outcome.waitsAgain, dueAt: outcome.delay.map { now + $0 })
        }
        if isHeld { wakeup.notify() }
        return isHeld
    }

    /// Whoever asks to cancel meanwhile is either seen here, or finds the job as this leaves it.
    private func putAside(
        _ lease: JobLease, _ outcome: JobOutcome, at now: Timestamp
    ) async throws -> Bool {
        try await database.writeSystem { writer in
            let holding = Self.holding(lease)
            for _ in 0..<2 {
                let cancelled = try writer.update(
                    .jobs, set: Self.ended(.cancelled, nil, at: now),
                    where: "\(holding) AND cancel_requested = \(true)")
                if cancelled == 1 { return true }
                let changed = try writer.update(
                    .jobs, set: Self.change(outcome, at: now),
                    where: "\(holding) AND cancel_requested = \(false)")
                if changed == 1 { return true }
            }
            return false
        }
    }

    /// Those of the jobs that were still held.
    static func done(_ leases: [JobLease], at now: Timestamp, _ writer: SystemWriter) throws -> Set<JobID> {
        guard var last = leases.last.map({ holding($0) }) else { return [] }
        var length = 1
        while length < leases.count { length *= 2 }
        // Repeated up to a power of two, so that batches of all sizes share few statements.
        for index in 1..<max(1, length) {
            last = "\(last) OR \(holding(leases[min(index - 1, leases.count - 1)]))"
        }
        let ended = try writer.update(
            .jobs, set: ended(.done, nil, at: now), where: last, returning: "id"
        ) { try $0.next(JobID.self) }
        return Set(ended)
    }

    /// True of the job as long as nobody has been given it after `lease`. It runs if it has a lease.
    static func holding(_ lease: JobLease) -> SQLText {
        "id = \(lease.job) AND lease_token = \(lease.token) AND leased_until IS NOT NULL"
    }

    private static func change(_ outcome: JobOutcome, at now: Timestamp) -> SQLText {
        switch outcome {
        case .done: ended(.done, nil, at: now)
        case .failed(let reason): ended(.failed, reason, at: now)
        case .retry(let delay, let reason):
            """
            state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL, due_at = \(now + delay), \
            reason = \(reason)
            """
        case .postpone(let delay, let reason):
            """
            state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL, due_at = \(now + delay), \
            reason = \(reason), attempt = attempt - 1
            """
        case .handBack:
            "state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL, attempt = attempt - 1"
        }
    }

    /// The checkpoint is of no more use, and may be large.
    private static func ended(_ state: State, _ reason: String?, at now: Timestamp) -> SQLText {
        """
        state = \(state.rawValue), leased_until = NULL, worker = NULL, checkpoint = NULL, \
        reason = \(reason), finished_at = \(now)
        """
    }
}

extension JobOutcome {
    fileprivate var waitsAgain: Bool {
        switch self {
        case .done, .failed: false
        case .retry, .postpone, .handBack: true
        }
    }

    fileprivate var delay: Duration? {
        switch self {
        case .done, .failed, .handBack: nil
        case .retry(let delay, _), .postpone(let delay, _): delay
        }
    }
}
