import Kernel
import Relational

/// One transaction that claims a job for each of several workers.
struct JobClaiming: Sendable {
    private typealias State = TableJobQueue.State

    let kinds: [String]
    let workers: [String]
    let lease: Duration
    let now: Timestamp
    let memory: ClaimMemory

    /// The jobs, the fairest first, and what is known afterwards.
    func perform(_ writer: SystemWriter) throws -> (jobs: [LeasedJob], memory: ClaimMemory) {
        var memory = memory
        let start = ContinuousClock.now
        let isLook = memory.isLookDue(at: now)
        if isLook { memory.looked(at: now, running: try look(writer)) }
        let view = try oldestDue(from: memory.from, except: [], writer)
        if isLook { memory.lookTook = .now - start }
        var choice = FairChoice(running: memory.running)
        choice.add(view)
        var others = memory.others
        let isWhole = view.count < workers.count
        while choice.chosen.count < workers.count, let level = choice.level {
            if level > 0, !isWhole, try addOthers(&choice, &others, writer) { continue }
            _ = choice.choose()
        }
        let jobs = try lease(choice.chosen, writer)
        // Of the oldest some may be left, since they were not the fairest.
        memory.claimed(choice, from: choice.left.first?.dueAt ?? view.last?.dueAt, others: others)
        return (jobs, memory)
    }

    /// Jobs whose worker fell silent are due again; counts what runs.
    private func look(_ writer: SystemWriter) throws -> [TenantID: Int] {
        let lapsed = try writer.claim(
            "id", from: .jobs,
            where: "kind IN \(list: kinds) AND \(State.running.test) AND leased_until <= \(now)"
        ) { try $0.next(JobID.self) }
        if !lapsed.isEmpty {
            try writer.update(
                .jobs, set: "state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL",
                where: "id IN \(list: lapsed)")
        }
        let running = try writer.reader.select(
            "tenant_id, count(*)", from: .jobs, where: "kind IN \(list: kinds) AND \(State.running.test)",
            then: "GROUP BY tenant_id"
        ) { (try $0.next(TenantID.self), try $0.next(Int.self)) }
        return Dictionary(running) { first, _ in first }
    }

    /// Puts jobs of tenants in view that have fewer running than all that are in view; false if there are none.
    private func addOthers(
        _ choice: inout FairChoice, _ others: inout ClaimMemory.Others?, _ writer: SystemWriter
    ) throws -> Bool {
        let above = Set(choice.tenantsAbove).union(choice.left.map(\.tenant))
        let known = others.flatMap { $0.excluded.isSubset(of: above) ? $0 : nil }
        if let known, known.from == nil { return false }
        let found = try oldestDue(from: known?.from ?? memory.from, except: Array(above), writer)
        others = ClaimMemory.Others(excluded: above, from: found.first?.dueAt)
        choice.add(found)
        return !found.isEmpty
    }

    private func oldestDue(
        from start: Timestamp, except tenants: [TenantID], _ writer: SystemWriter
    ) throws -> [FairChoice.Candidate] {
        let others: SQLText = tenants.isEmpty ? "" : " AND tenant_id NOT IN \(list: tenants)"
        return try writer.claim(
            "id, tenant_id, due_at", from: .jobs,
            where: """
                kind IN \(list: kinds) AND \(State.waiting.test) AND due_at >= \(start) AND due_at <= \(now)\(others)
                """,
            then: "ORDER BY due_at, id LIMIT \(workers.count)"
        ) { FairChoice.Candidate(job: try $0.next(), tenant: try $0.next(), dueAt: try $0.next()) }
    }

    private func lease(_ chosen: [JobID], _ writer: SystemWriter) throws -> [LeasedJob] {
        guard !chosen.isEmpty else { return [] }
        let jobs = try writer.update(
            .jobs,
            set: """
                state = \(State.running.rawValue), worker = \(worker(of: chosen)), leased_until = \(now + lease), \
                lease_token = lease_token + 1, attempt = attempt + 1
                """,
            where: "id IN \(list: chosen)",
            returning: "id, lease_token, kind, job_key, tenant_id, payload, checkpoint, attempt"
        ) { row in
            LeasedJob(
                lease: JobLease(job: try row.next(), token: try row.next()), kind: try row.next(),
                key: try row.next(), tenant: try row.next(), payload: try row.next(),
                checkpoint: try row.nextIfPresent(), attempt: try row.next())
        }
        let byID = Dictionary(jobs.map { ($0.lease.job, $0) }) { first, _ in first }
        return chosen.compactMap { byID[$0] }
    }

    /// Repeated up to a power of two, so that batches of all sizes share few statements.
    private func worker(of chosen: [JobID]) -> SQLText {
        if chosen.count == 1 { return "\(workers[0])" }
        var length = 1
        while length < chosen.count { length *= 2 }
        var cases: SQLText = "CASE id"
        for index in 0..<length {
            let at = min(index, chosen.count - 1)
            cases = "\(cases) WHEN \(chosen[at]) THEN \(workers[at])"
        }
        return "\(cases) END"
    }
}
