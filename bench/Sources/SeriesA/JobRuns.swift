import InProcess
import Kernel
import Postgres
import Relational

/// Jobs taken and completed by eight workers of one process, against the same changes of the same rows in plain batched
/// SQL from `pgbench`, which knows nothing of fairness between tenants.
///
/// Of a thousand tenants the oldest jobs are the fairest as well. Of as many tenants as workers each has one running most of
/// the time, so that each claim looks for somebody who has none.
struct JobRuns: Scenario {
    let name = "jobs"
    let servers: StageServers
    let duration: Duration

    private static let ours = "queue", always = "queue, all looked at", few = "queue, 8 tenants"
    private static let reference = "bare SQL"

    var arms: [Arm] {
        [
            Arm(name: Self.ours) { try await run(fullLook: .seconds(1)) },
            Arm(name: Self.reference) { try await pgbench() },
            Arm(name: Self.always) { try await run(fullLook: .zero) },
            Arm(name: Self.few) { try await run(fullLook: .seconds(1), tenants: 8) },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "jobs.bare", title: "jobs claimed and completed, 8 workers: queue / bare batched SQL",
            value: .ratio(ours, reference, .rate)),
        Row(
            id: "jobs.always",
            title:
                "jobs claimed and completed, 8 workers: queue that looks at all every time / bare batched SQL",
            value: .ratio(always, reference, .rate)),
        Row(
            id: "jobs.few",
            title:
                "jobs claimed and completed, 8 workers: queue with the jobs of 8 tenants / bare batched SQL",
            value: .ratio(few, reference, .rate)),
        Row(
            id: "jobs.rate", title: "jobs claimed and completed, 8 workers",
            value: .absolute(.init(arm: ours, measure: .rate), .perSecond)),
    ]

    private func run(fullLook: Duration, tenants: Int = 1_000) async throws -> Reading {
        let stock = JobStock(servers: servers, tenants: tenants)
        try await stock.fill(for: duration)
        return [.rate: try await stock.work(for: duration, fullLook: fullLook)]
    }

    /// Two clients with four jobs each: as many in hand as eight workers have, claimed while others are completed.
    private func pgbench() async throws -> Reading {
        let stock = JobStock(servers: servers)
        try await stock.fill(for: duration)
        let (clients, batch) = (2, JobStock.workers / 2)
        let load = PgBench.Load(
            work: .script(Self.script(batch), units: batch), clients: clients, duration: duration,
            address: servers.primary)
        let rate = try await PgBench(servers: servers).rate(load)
        try await stock.checkLeft()
        return [.rate: rate]
    }

    static func script(_ batch: Int) -> String {
        """
        WITH due AS (SELECT id FROM jobs WHERE kind = 'bench' AND state = 'waiting' AND due_at <= \(JobStock.now) \
        ORDER BY due_at, id LIMIT \(batch) FOR UPDATE SKIP LOCKED), \
        taken AS (UPDATE jobs SET state = 'running', worker = 'bare', leased_until = \(JobStock.now + 30_000), \
        lease_token = lease_token + 1, attempt = attempt + 1 FROM due WHERE jobs.id = due.id \
        RETURNING jobs.id, lease_token, kind, job_key, tenant_id, payload, checkpoint, attempt) \
        SELECT array_agg(id)::text AS ids, sum(length(payload)) AS bytes FROM taken \\gset
        UPDATE jobs SET state = 'done', leased_until = NULL, worker = NULL, checkpoint = NULL, reason = NULL, \
        finished_at = \(JobStock.now) WHERE id = ANY(:ids::uuid[]) AND lease_token = 1 AND leased_until IS NOT NULL;

        """
    }
}

/// The same with a transaction open elsewhere all the while, which keeps the database from clearing away what the
/// queue has done with.
struct HeldJobRuns: Scenario {
    let name = "held"
    let servers: StageServers
    let duration: Duration

    private static let free = "queue", held = "queue, transaction open"

    var arms: [Arm] {
        [
            Arm(name: Self.free) { try await run(isHeld: false) },
            Arm(name: Self.held) { try await run(isHeld: true) },
        ]
    }

    let rows: [Row] = [
        Row(
            id: "jobs.held",
            title: "jobs claimed and completed, 8 workers: while a transaction stays open / without",
            value: .ratio(held, free, .rate))
    ]

    private func run(isHeld: Bool) async throws -> Reading {
        let stock = JobStock(servers: servers)
        try await stock.fill(for: duration)
        guard isHeld else { return [.rate: try await stock.work(for: duration, fullLook: .seconds(1))] }
        let holder = Task { try await hold() }
        do {
            try await untilHeld()
            let rate = try await stock.work(for: duration, fullLook: .seconds(1))
            try await release()
            _ = await holder.result  // Ends as cut off.
            return [.rate: rate]
        } catch {
            try await release()
            _ = await holder.result
            throw error
        }
    }

    private static let holder = "bench-holder"
    private static let others = "FROM pg_stat_activity WHERE application_name = '\(holder)'"

    /// A statement that takes long is a transaction that stays open, and holds its snapshot as any other.
    private func hold() async throws {
        let seconds = duration / .seconds(1) + 120
        try await PostgresConsole(url: servers.owner.url, deadline: .seconds(seconds)).run(
            "SET application_name = '\(Self.holder)'",
            "SELECT count(*), pg_sleep(\(seconds)) FROM bench_registers")
    }

    private func untilHeld() async throws {
        let end = ContinuousClock.now + .seconds(10)
        while true {
            let rows = try await PostgresConsole(url: servers.owner.url).run(
                "SELECT count(*)::text \(Self.others) AND backend_xmin IS NOT NULL AND query LIKE '%pg_sleep%'"
            )
            if rows.first?.first == "1" { return }
            guard ContinuousClock.now < end else { throw RunFailure("the open transaction did not begin") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func release() async throws {
        try await servers.ask("SELECT pg_terminate_backend(pid) \(Self.others)")
    }
}
