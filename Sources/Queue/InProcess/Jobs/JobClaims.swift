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

    private let database: Database
    private let now: @Sendable () -> Timestamp
    private let fullLook: Duration
    private var memories: [[String]: ClaimMemory] = [:]
    /// Of jobs that this process has claimed.
    private var tenants: [JobID: (tenant: TenantID, kind: String)] = [:]
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
    func added(_ kind: String, _ tenant: TenantID, dueAt: Timestamp) {
        for kinds in memories.keys where kinds.contains(kind) { memories[kinds]?.added(tenant, dueAt: dueAt) }
    }

    /// A job has ended or waits again; where it waits now is left to be looked for.
    func ended(_ lease: JobLease, waitsAgain: Bool) {
        guard let (tenant, kind) = tenants.removeValue(forKey: lease.job) else { return }
        for kinds in memories.keys where kinds.contains(kind) {
            memories[kinds]?.ended(tenant)
            if waitsAgain { memories[kinds]?.added(tenant, dueAt: Timestamp(milliseconds: .min)) }
        }
    }

    private func claimAll(_ group: Group) async {
        while let waiting = claims.removeValue(forKey: group) {
            for start in stride(from: 0, to: waiting.count, by: Self.maximumBatch) {
                await claim(Array(waiting[start..<min(start + Self.maximumBatch, waiting.count)]), group)
            }
        }
        isClaiming.remove(group)
    }

    private func claim(_ batch: [Claim], _ group: Group) async {
        if memories.count > Self.maximumMemories { memories = [:] }
        let memory = memories[group.kinds] ?? ClaimMemory(interval: fullLook)
        let claiming = JobClaiming(
            kinds: group.kinds, workers: batch.map(\.worker), lease: group.lease, now: now(), memory: memory)
        do {
            let (jobs, after) = try await database.writeSystem { try claiming.perform($0) }
            memories[group.kinds] = after
            for job in jobs { tenants[job.lease.job] = (job.tenant, job.kind) }
            for (index, claim) in batch.enumerated() {
                claim.continuation.resume(returning: index < jobs.count ? jobs[index] : nil)
            }
        } catch {
            // What the transaction would have changed is unknown to this process now.
            memories[group.kinds] = nil
            for claim in batch { claim.continuation.resume(throwing: error) }
        }
    }

    private func endAll() async {
        while !ends.isEmpty {
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
