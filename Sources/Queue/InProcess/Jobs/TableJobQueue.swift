package import Kernel
package import Relational

/// The job queue in a table, for workers of all processes that share the database.
package struct TableJobQueue: JobQueue {
    enum State: String, Sendable {
        case waiting, running, done, failed, cancelled

        /// As text and no parameter, so that an index over jobs in this state alone can be used.
        var test: SQLText { SQLText(stringLiteral: "state = '\(rawValue)'") }
    }

    package struct Settings: Sendable {
        /// How often a claim looks for all that is due and counts all that runs, rather than go on where the one
        /// before it ended; zero for every time. With more than one process, jobs may come late and out of fair order
        /// by this much.
        package var fullLook: Duration

        package init(fullLook: Duration = .zero) { self.fullLook = fullLook }
    }

    /// Of one transaction, so that no other write waits long.
    private static let removedAtOnce = 1000

    let database: Database
    let now: @Sendable () -> Timestamp
    let claims: JobClaims
    /// Notified when a job of this process became due; others are found by polling.
    package let wakeup = Wakeup()

    package init(
        database: Database, settings: Settings = Settings(),
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.database = database
        self.now = now
        claims = JobClaims(database: database, fullLook: settings.fullLook, now: now)
    }

    package func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob? {
        try await claims.claim(kinds, worker: worker, lease: lease)
    }

    package func enqueue(_ job: NewJob) async throws -> Bool {
        let now = now()
        // No earlier than now, for where older jobs are, nobody looks any more.
        let candidate = FairChoice.Candidate(
            job: JobID(), tenant: job.tenant, dueAt: max(job.notBefore ?? now, now))
        let isNew = try await database.writeSystem { writer in
            try writer.insertIfAbsent(
                into: .jobs,
                [
                    "id": candidate.job, "kind": job.kind, "job_key": job.key, "tenant_id": job.tenant,
                    "payload": job.payload, "state": State.waiting.rawValue, "attempt": 0,
                    "due_at": candidate.dueAt, "lease_token": 0, "cancel_requested": false,
                    "created_at": now,
                ])
        }
        if isNew {
            await claims.added(job.kind, candidate)
            wakeup.notify()
        }
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

    package func cancel(kind: String, key: String) async throws {
        try await database.writeSystem { writer in
            let named: SQLText = "kind = \(kind) AND job_key = \(key) AND state IN ('waiting', 'running')"
            // Twice, because a job may change between the two, from either to the other.
            for _ in 0..<2 {
                let removed = try writer.delete(from: .jobs, where: "\(named) AND leased_until IS NULL")
                let told = try writer.update(
                    .jobs, set: "cancel_requested = \(true)", where: "\(named) AND leased_until IS NOT NULL")
                if removed + told > 0 { return }
            }
        }
    }

    package func depth(of kind: String) async throws -> JobDepth {
        let now = now()
        return try await database.readSystem { reader in
            func count(_ condition: SQLText) throws -> Int {
                try reader.first("count(*)", from: .jobs, where: "kind = \(kind) AND \(condition)") {
                    try $0.next()
                } ?? 0
            }
            // One state at a time, since each has an index of its own.
            let lapsed: SQLText = "\(State.running.test) AND leased_until <= \(now)"
            func oldest(_ condition: SQLText) throws -> Timestamp? {
                try reader.first(
                    "due_at", from: .jobs, where: "kind = \(kind) AND due_at <= \(now) AND \(condition)",
                    then: "ORDER BY due_at"
                ) { try $0.next(Timestamp.self) }
            }
            return JobDepth(
                waiting: try count(State.waiting.test) + count(lapsed),
                running: try count("\(State.running.test) AND leased_until > \(now)"),
                failed: try count(State.failed.test),
                oldestDue: try [oldest(State.waiting.test), oldest(lapsed)].compactMap(\.self).min())
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

    private static func isCancelRequested(_ lease: JobLease, _ writer: SystemWriter) throws -> Bool {
        try writer.reader.first("cancel_requested", from: .jobs, where: "id = \(lease.job)") {
            try $0.next(Bool.self)
        } ?? false
    }
}
