import InProcess
import Kernel
import Postgres
import Relational
import Synchronization

/// Jobs that wait, and the workers that take them.
struct JobStock: Sendable {
    static let workers = 8
    static let kind = "bench"
    /// More than any machine completes; where they run out all the same, the run ends with them.
    private static let perSecond = 8_000.0
    private static let most = 500_000

    let servers: StageServers
    /// Whose jobs they are, in turn.
    var tenants = 1_000

    /// Milliseconds since 1970. All jobs are due by then.
    static let now = Timestamp.now().milliseconds

    /// Nothing but fresh jobs: of some tenants, each due a little after the one before it.
    func fill(for duration: Duration) async throws {
        let count = min(Self.most, Int(Self.perSecond * (duration / .seconds(1))))
        let first = Self.now - Int64(count)
        try await servers.ask(
            "TRUNCATE jobs",
            """
            INSERT INTO jobs (id, kind, job_key, tenant_id, payload, state, attempt, due_at, lease_token,
                cancel_requested, created_at)
            SELECT gen_random_uuid(), '\(Self.kind)', i::text,
                ('00000000-0000-7000-8000-' || lpad((i % \(tenants))::text, 12, '0'))::uuid,
                convert_to('{"number":' || i || '}', 'UTF8'), 'waiting', 0, \(first) + i, 0, 0, \(first)
            FROM generate_series(1, \(count)) i
            """, "VACUUM ANALYZE jobs", within: .seconds(300))
    }

    /// Jobs that eight workers complete in a second.
    func work(for duration: Duration, fullLook: Duration) async throws -> Double {
        try await servers.withDriver(servers.settings()) { driver in
            let queue = TableJobQueue(
                database: Database(driver: driver), settings: TableJobQueue.Settings(fullLook: fullLook))
            // Connects, as `pgbench` makes them before it counts.
            _ = try await queue.depth(of: Self.kind)
            _ = try await queue.claim(["none"], worker: "none", lease: .seconds(30))
            let start = ContinuousClock.now
            let done = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<Self.workers {
                    group.addTask { try await Self.drain(queue, "worker-\(worker)", until: start + duration) }
                }
                return try await group.reduce(0, +)
            }
            return Double(done) / ((ContinuousClock.now - start) / .seconds(1))
        }
    }

    private static func drain(
        _ queue: TableJobQueue, _ worker: String, until end: ContinuousClock.Instant
    ) async throws -> Int {
        var done = 0
        while ContinuousClock.now < end {
            guard let job = try await queue.claim([kind], worker: worker, lease: .seconds(30)) else { break }
            guard try await queue.finish(job.lease, .done) else { throw RunFailure("a job's lease was lost") }
            done += 1
        }
        guard done > 0 else { throw RunFailure("\(worker) found no job") }
        return done
    }

    /// Throws if nothing waits any more: then the last of whoever took them took nothing.
    func checkLeft() async throws {
        let rows = try await PostgresConsole(url: servers.owner.url).run(
            "SELECT count(*)::text FROM jobs WHERE state = 'waiting'")
        guard let count = rows.first?.first.flatMap({ $0 }).flatMap({ Int($0) }), count > 0 else {
            throw RunFailure("the jobs ran out")
        }
    }
}
