import Kernel
import Relational

/// The statements by which claims find jobs of some kinds and take them.
///
/// Which index serves a statement is decided by how it tells a job's state: by `state` itself to search among jobs in
/// one state; by the columns that follow from it to name jobs by their ids or to find those that were leased before,
/// or else the planner may prefer to go through all that were ever in that state.
struct WaitingJobs: Sendable {
    typealias Candidate = FairChoice.Candidate
    private typealias State = TableJobQueue.State

    /// The oldest, in order.
    struct View: Sendable {
        var jobs: [Candidate] = []
        /// Behind it there may be more; nil if these are all.
        var window: Timestamp?
    }

    private static let isWaiting: SQLText = "leased_until IS NULL AND finished_at IS NULL"

    let kinds: [String]
    let now: Timestamp
    /// Jobs taken into view at once.
    let limit: Int

    /// Due and not before `start`, and with `returned` those that had been leased before, wherever they are.
    func oldest(
        from start: Timestamp, withReturned returned: Bool = false, except tenants: [TenantID] = [],
        besides more: Int = 0, _ writer: SystemWriter
    ) throws -> View {
        let others: SQLText = tenants.isEmpty ? "" : " AND tenant_id NOT IN \(list: tenants)"
        let limit = limit + more
        var parts: [[Candidate]] = []
        // One kind at a time, since only the jobs of one lie in the index in this order.
        for kind in kinds {
            let due: SQLText = "kind = \(kind) AND due_at <= \(now)\(others)"
            let fresh: SQLText = "\(due) AND due_at >= \(start) AND \(State.waiting.test)"
            parts.append(try select(fresh, limit, writer.reader))
            guard returned else { continue }
            let older: SQLText = "\(due) AND due_at < \(start) AND lease_token > 0 AND \(Self.isWaiting)"
            parts.append(try select(older, limit, writer.reader))
        }
        let window = parts.filter { $0.count >= limit }.compactMap { $0.last?.dueAt }.min()
        let jobs = parts.joined().filter { job in window.map { job.dueAt <= $0 } ?? true }
        return View(jobs: jobs.sorted(), window: window)
    }

    /// The oldest that nobody else is taking just now; nobody else can until the transaction ends.
    func reserve(from start: Timestamp, limit: Int, _ writer: SystemWriter) throws -> [Candidate] {
        try kinds.flatMap { kind in
            try writer.claim(
                "id, tenant_id, due_at", from: .jobs,
                where: "kind = \(kind) AND \(State.waiting.test) AND due_at >= \(start) AND due_at <= \(now)",
                then: "ORDER BY due_at, id LIMIT \(limit)", decode: Self.candidate)
        }.sorted()
    }

    /// Jobs whose lease ended since `start` wait again.
    func endLapsed(from start: Timestamp, _ writer: SystemWriter) throws {
        _ = try writer.claim(
            .jobs, by: "id",
            where: """
                kind IN \(list: kinds) AND \(State.running.test) AND leased_until >= \(start) \
                AND leased_until <= \(now)
                """,
            set: "state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL", returning: "id"
        ) { try $0.next(JobID.self) }
    }

    /// Leased jobs by tenant, of leases that end no earlier than `start`.
    func running(from start: Timestamp, _ writer: SystemWriter) throws -> [TenantID: Int] {
        let counts = try writer.reader.select(
            "tenant_id, count(*)", from: .jobs,
            where: "kind IN \(list: kinds) AND \(State.running.test) AND leased_until >= \(start)",
            then: "GROUP BY tenant_id"
        ) { (try $0.next(TenantID.self), try $0.next(Int.self)) }
        return Dictionary(counts) { first, _ in first }
    }

    /// Those of the jobs that still wait, in this order.
    func lease(
        _ jobs: [JobID], to workers: [String], until end: Timestamp, _ writer: SystemWriter
    ) throws -> [LeasedJob] {
        let leased = try writer.claim(
            .jobs, by: "id", where: "id IN \(list: jobs) AND \(Self.isWaiting)",
            set: """
                state = \(State.running.rawValue), worker = \(Self.worker(of: jobs, workers)), \
                leased_until = \(end), lease_token = lease_token + 1, attempt = attempt + 1
                """,
            returning: "id, lease_token, kind, job_key, tenant_id, payload, checkpoint, attempt"
        ) { row in
            LeasedJob(
                lease: JobLease(job: try row.next(), token: try row.next()), kind: try row.next(),
                key: try row.next(), tenant: try row.next(), payload: try row.next(),
                checkpoint: try row.nextIfPresent(), attempt: try row.next())
        }
        let byID = Dictionary(leased.map { ($0.lease.job, $0) }) { first, _ in first }
        return jobs.compactMap { byID[$0] }
    }

    private func select(
        _ condition: SQLText, _ limit: Int, _ reader: SystemReader
    ) throws -> [Candidate] {
        try reader.select(
            "id, tenant_id, due_at", from: .jobs, where: condition,
            then: "ORDER BY due_at, id LIMIT \(limit)",
            decode: Self.candidate)
    }

    private static func candidate(_ row: inout SQLRowReader) throws -> Candidate {
        Candidate(job: try row.next(), tenant: try row.next(), dueAt: try row.next())
    }

    /// Repeated up to a power of two, so that batches of all sizes share few statements.
    private static func worker(of jobs: [JobID], _ workers: [String]) -> SQLText {
        if jobs.count == 1 { return "\(workers[0])" }
        var length = 1
        while length < jobs.count { length *= 2 }
        var cases: SQLText = "CASE id"
        for index in 0..<length {
            let at = min(index, jobs.count - 1)
            cases = "\(cases) WHEN \(jobs[at]) THEN \(workers[at])"
        }
        return "\(cases) END"
    }
}
