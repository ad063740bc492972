import Kernel
import Relational

/// Claims of one process, those that wait for each other in one transaction; and likewise the ends of jobs.
actor JobClaims {
    private struct Group: Hashable {
        let kinds: [String]
        let lease: Duration
    }

    private struct Claim {
        let worker: String
        let continuation: CheckedContinuation<LeasedJob?, any Error>
    }

    private struct End {
        let lease: JobLease
        let continuation: CheckedContinuation<Bool, any Error>
    }

    /// Of one transaction.
    private static let maximumBatch = 64
    /// Kinds are asked for in few ways.
    private static let maximumMemories = 32
    private static let minimumView = 64
    /// Turns that others have before a batch leaves: who was answered with others asks again with them.
    private static let gathering = 3

    private enum Change {
        case added(FairChoice.Candidate)
        case ended(TenantID)
    }

    private struct Held {
        let kind: String
        let tenant: TenantID
        let dueAt: Timestamp
    }

    private let database: Database
    private let now: @Sendable () -> Timestamp
    private let fullLook: Duration
    private var memories: [[String]: ClaimMemory] = [:]
    /// What happens while a claim is under way, which began with an older memory.
    private var changes: [Group: [Change]] = [:]
    /// Jobs that this process has claimed.
    private var held: [JobID: Held] = [:]
    private var claims: [Group: [Claim]] = [:]
    private var ends: [End] = []
    private var isClaiming: Set<Group> = []
    private var isEnding = false

    init(database: Database, fullLook: Duration, now: @escaping @Sendable () -> Timestamp) {
        self.database = database
        self.fullLook = fullLook
        self.now = now
    }

    func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob? {
        let group = Group(kinds: kinds.sorted(), lease: lease)
        return try await withCheckedThrowingContinuation { continuation in
            claims[group, default: []].append(Claim(worker: worker, continuation: continuation))
            guard isClaiming.insert(group).inserted else { return }
            Task { await claimAll(group) }
        }
    }

    /// Whether the job was still held.
    func done(_ lease: JobLease) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            ends.append(End(lease: lease, continuation: continuation))
            guard !isEnding else { return }
            isEnding = true
            Task { await endAll() }
        }
    }

    /// A job waits, of whose place in the queue this process knows.
    func added(_ kind: String, _ job: FairChoice.Candidate) { note(.added(job), of: kind) }

    /// A job has ended, or waits again: where it was, or as late as `dueAt`.
    func ended(_ lease: JobLease, waitsAgain: Bool, dueAt: Timestamp? = nil) {
        guard let job = held.removeValue(forKey: lease.job) else { return }
        note(.ended(job.tenant), of: job.kind)
        guard waitsAgain else { return }
        let dueAt = dueAt ?? job.dueAt
        note(.added(.init(job: lease.job, tenant: job.tenant, dueAt: dueAt)), of: job.kind)
    }

    private func note(_ change: Change, of kind: String) {
        for kinds in memories.keys where kinds.contains(kind) { apply(change, to: kinds) }
        for group in changes.keys where group.kinds.contains(kind) { changes[group]?.append(change) }
    }

    private func apply(_ change: Change, to kinds: [String]) {
        switch change {
        case .added(let job): memories[kinds]?.added(job, at: now())
        case .ended(let tenant): memories[kinds]?.ended(tenant)
        }
    }

    private func claimAll(_ group: Group) async {
        while claims[group] != nil {
            await gather()
            let waiting = claims.removeValue(forKey: group) ?? []
            for start in stride(from: 0, to: waiting.count, by: Self.maximumBatch) {
                await claim(Array(waiting[start..<min(start + Self.maximumBatch, waiting.count)]), group)
            }
        }
        isClaiming.remove(group)
    }

    private func claim(_ batch: [Claim], _ group: Group) async {
        if memories.count > Self.maximumMemories { memories = [:] }
        let claiming = claiming(batch, group)
        changes[group] = []
        do {
            let claimed = try await database.writeSystem { try claiming.perform($0) }
            memories[group.kinds] = claimed.memory
            for job in claimed.jobs {
                let dueAt = claimed.dueAt[job.lease.job] ?? claiming.waiting.now
                held[job.lease.job] = Held(kind: job.kind, tenant: job.tenant, dueAt: dueAt)
            }
            for change in changes.removeValue(forKey: group) ?? [] { apply(change, to: group.kinds) }
            for (index, claim) in batch.enumerated() {
                claim.continuation.resume(
                    returning: index < claimed.jobs.count ? claimed.jobs[index] : nil)
            }
        } catch {
            // What the transaction would have changed is unknown to this process now.
            memories[group.kinds] = nil
            changes[group] = nil
            for claim in batch { claim.continuation.resume(throwing: error) }
        }
    }

    private func claiming(_ batch: [Claim], _ group: Group) -> JobClaiming {
        let memory = memories[group.kinds] ?? ClaimMemory(interval: fullLook)
        let view = fullLook > .zero ? max(Self.minimumView, 2 * batch.count) : batch.count
        return JobClaiming(
            waiting: WaitingJobs(kinds: group.kinds, now: now(), limit: view), workers: batch.map(\.worker),
            lease: group.lease, memory: memory, clock: now)
    }

    private func gather() async {
        for _ in 0..<Self.gathering { await Task.yield() }
    }

    private func endAll() async {
        while !ends.isEmpty {
            await gather()
            let batch = Array(ends.prefix(Self.maximumBatch))
            ends.removeFirst(batch.count)
            let (leases, time) = (batch.map(\.lease), now())
            do {
                let held = try await database.writeSystem { try TableJobQueue.done(leases, at: time, $0) }
                for end in batch {
                    ended(end.lease, waitsAgain: false)
                    end.continuation.resume(returning: held.contains(end.lease.job))
                }
            } catch {
                for end in batch { end.continuation.resume(throwing: error) }
            }
        }
        isEnding = false
    }
}
