/// Long work, each piece done by one worker at a time, shared fairly between tenants.
package protocol JobQueue: Sendable {
    /// Adds a job. False, and nothing changes, while an unfinished job of the same kind and key exists.
    func enqueue(_ job: NewJob) async throws -> Bool

    /// Leases the next due job of `kinds`: of the tenant with the fewest running, the oldest. Nil if none is due.
    ///
    /// A lease that lapses makes the job due again with its last checkpoint, one attempt older. However often that
    /// happened: the worker judges from `attempt` when a job is what kills its workers.
    func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob?

    /// Extends the lease and stores `checkpoint` if given, which starts the count of attempts anew: the job makes
    /// headway. Tells whether to go on.
    func heartbeat(_ lease: JobLease, extend: Duration, checkpoint: [UInt8]?) async throws -> JobSignal

    /// Ends or postpones the job; false, and nothing changes, if the lease was lost.
    func finish(_ lease: JobLease, _ outcome: JobOutcome) async throws -> Bool

    /// Removes a waiting job, and tells a running one to stop at its next heartbeat; if its worker died, another gets
    /// it and is told so, to tidy up. Unknown keys are fine.
    func cancel(kind: String, key: String) async throws

    /// The same where the job's tenant is known, which spares others the looking.
    func cancel(kind: String, key: String, of tenant: TenantID) async throws

    func depth(of kind: String) async throws -> JobDepth
}

extension JobQueue {
    package func cancel(kind: String, key: String, of tenant: TenantID) async throws {
        try await cancel(kind: kind, key: key)
    }
}

package struct NewJob: Sendable, Equatable {
    package let kind: String
    package let key: String
    package let tenant: TenantID
    /// JSON.
    package let payload: [UInt8]
    package let notBefore: Timestamp?

    package init(kind: String, key: String, tenant: TenantID, payload: [UInt8], notBefore: Timestamp? = nil) {
        self.kind = kind
        self.key = key
        self.tenant = tenant
        self.payload = payload
        self.notBefore = notBefore
    }
}

/// Proof of holding a job; a newer lease of the same job voids it.
package struct JobLease: Sendable, Equatable {
    package let job: JobID
    package let token: Int64

    package init(job: JobID, token: Int64) {
        self.job = job
        self.token = token
    }
}

package struct LeasedJob: Sendable, Equatable {
    package let lease: JobLease
    package let kind: String
    package let key: String
    package let tenant: TenantID
    package let payload: [UInt8]
    package let checkpoint: [UInt8]?
    /// From 1.
    package let attempt: Int

    package init(
        lease: JobLease, kind: String, key: String, tenant: TenantID, payload: [UInt8], checkpoint: [UInt8]?,
        attempt: Int
    ) {
        self.lease = lease
        self.kind = kind
        self.key = key
        self.tenant = tenant
        self.payload = payload
        self.checkpoint = checkpoint
        self.attempt = attempt
    }
}

package enum JobSignal: String, Sendable {
    case goOn, cancelled, leaseLost
}

package enum JobOutcome: Sendable, Equatable {
    case done
    case retry(after: Duration, reason: String)
    /// Due again later and this attempt does not count: something the job needs is gone for a while.
    case postpone(after: Duration, reason: String)
    /// Due again at once and this attempt does not count: the worker leaves, the job is not at fault.
    case handBack
    case failed(reason: String)
}

package struct JobDepth: Sendable, Equatable {
    package let waiting: Int
    package let running: Int
    package let failed: Int
    /// When the oldest waiting job became due.
    package let oldestDue: Timestamp?

    package init(waiting: Int, running: Int, failed: Int, oldestDue: Timestamp?) {
        self.waiting = waiting
        self.running = running
        self.failed = failed
        self.oldestDue = oldestDue
    }
}
