package import Kernel
package import Relational

/// The job queue in a table, for workers of all processes that share the database.
package struct TableJobQueue: JobQueue {
    enum State: String, Sendable {
        case waiting, running, done, failed, cancelled
    }

    /// Of one transaction, so that no other write waits long.
    private static let removedAtOnce = 1000

    let database: Database
    let now: @Sendable () -> Timestamp
    /// Notified when a job of this process became due; others are found by polling.
    package let wakeup = Wakeup()

    package init(
        database: Database, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.database = database
        self.now = now
    }

    package func enqueue(_ job: NewJob) async throws -> Bool {
        let now = now()
        let isNew = try await database.writeSystem { writer in
            try writer.insertIfAbsent(
                into: .jobs,
                [
                    "id": JobID(), "kind": job.kind, "job_key": job.key, "tenant_id": job.tenant,
                    "payload": job.payload, "state": State.waiting.rawValue, "attempt": 0,
                    "due_at": job.notBefore ?? now, "lease_token": 0, "cancel_requested": false,
                    "created_at": now,
                ])
        }
        if isNew { wakeup.notify() }
        return isNew
    }

    package func heartbeat(
        _ lease: JobLease, extend: Duration, checkpoint: [UInt8]?
    ) async throws -> JobSignal {
        let until = now() + extend
        return try await database.writeSystem { writer in
            // Headway: what ended earlier tries did not end this one, so they are counted anew.
            let change: SQLText = checkpoint.map { ", checkpoint = \($0), attempt = 1" } ?? ""
            let changed = try writer.update(
                .jobs, set: "leased_until = \(until)\(change)", where: Self.holding(lease))
            guard changed == 1 else { return .leaseLost }
            return try Self.isCancelRequested(lease, writer) ? .cancelled : .goOn
        }
    }

    package func finish(_ lease: JobLease, _ outcome: JobOutcome) async throws -> Bool {
        let now = now()
        let changed = try await database.writeSystem { writer in
            let isCancelled = try outcome != .done && Self.isCancelRequested(lease, writer)
            let change = isCancelled ? Self.ended(.cancelled, nil, at: now) : Self.change(outcome, at: now)
            return try writer.update(.jobs, set: change, where: Self.holding(lease))
        }
        if changed == 1 { wakeup.notify() }
        return changed == 1
    }

    package func cancel(kind: String, key: String) async throws {
        try await database.writeSystem { writer in
            let named: SQLText = "kind = \(kind) AND job_key = \(key) AND "
            try writer.delete(from: .jobs, where: "\(named)state = \(State.waiting.rawValue)")
            try writer.update(
                .jobs, set: "cancel_requested = \(true)", where: "\(named)state = \(State.running.rawValue)")
        }
    }

    package func depth(of kind: String) async throws -> JobDepth {
        let now = now()
        return try await database.readSystem { reader in
            func count(_ condition: SQLText) throws -> Int {
                try reader.first("count(*)", from: .jobs, where: "kind = \(kind) AND (\(condition))") {
                    try $0.next()
                } ?? 0
            }
            let lapsed: SQLText = "state = \(State.running.rawValue) AND leased_until <= \(now)"
            let waiting: SQLText = "state = \(State.waiting.rawValue) OR \(lapsed)"
            let oldest = try reader.first(
                "due_at", from: .jobs, where: "kind = \(kind) AND due_at <= \(now) AND (\(waiting))",
                then: "ORDER BY due_at"
            ) { try $0.next(Timestamp.self) }
            return JobDepth(
                waiting: try count(waiting),
                running: try count("state = \(State.running.rawValue) AND leased_until > \(now)"),
                failed: try count("state = \(State.failed.rawValue)"), oldestDue: oldest)
        }
    }

    /// Forgets jobs that ended before `moment`, whatever their end. Returns how many.
    package func removeFinished(before moment: Timestamp) async throws -> Int {
        var removed = 0
        while true {
            let count = try await database.writeSystem { writer in
                let jobs = try writer.reader.select(
                    "id", from: .jobs, where: "finished_at < \(moment)",
                    then: "ORDER BY finished_at LIMIT \(Self.removedAtOnce)"
                ) { try $0.next(JobID.self) }
                return jobs.isEmpty ? 0 : try writer.delete(from: .jobs, where: "id IN \(list: jobs)")
            }
            removed += count
            if count < Self.removedAtOnce { return removed }
        }
    }

    /// True of the job as long as nobody has been given it after `lease`.
    private static func holding(_ lease: JobLease) -> SQLText {
        "id = \(lease.job) AND lease_token = \(lease.token) AND state = \(State.running.rawValue)"
    }

    private static func isCancelRequested(_ lease: JobLease, _ writer: SystemWriter) throws -> Bool {
        try writer.reader.first("cancel_requested", from: .jobs, where: "id = \(lease.job)") {
            try $0.next(Bool.self)
        } ?? false
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
    static func ended(_ state: State, _ reason: String?, at now: Timestamp) -> SQLText {
        """
        state = \(state.rawValue), leased_until = NULL, worker = NULL, checkpoint = NULL, \
        reason = \(reason), finished_at = \(now)
        """
    }
}
