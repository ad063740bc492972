import InProcess
import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

/// What a claim costs, counted in pages that it visits and not in time.
@Suite(.enabled(if: TestPostgres.isAvailable, "needs CLOUDSTREAM_POSTGRES_URL")) struct PostgresJobCostTests {
    @Test
    func `a job costs no more after thousands that a transaction held open keeps from being cleared away`()
        async throws
    {
        try await TestPostgres.with { file async throws in
            let clock = ManualClock()
            try await file.addJobs(1_000, tenants: 500, before: clock.now)
            try await file.whileHeld {
                let fresh = try await file.pagesOfJob(clock)
                // Twenty thousand that came, ran and ended since, each leaving its versions.
                try await file.addJobs(20_000, tenants: 500, before: clock.now - .seconds(3_600), key: "old")
                for change in [
                    "state = 'running', leased_until = due_at, lease_token = 1, attempt = 1, worker = 'w'",
                    "state = 'done', leased_until = NULL, worker = NULL, finished_at = due_at",
                ] {
                    try await file.own("UPDATE jobs SET \(change) WHERE job_key LIKE 'old%'")
                }
                let dead = try await file.pagesOfJob(clock)
                #expect(fresh < 100, "\(fresh) pages for each job")
                #expect(dead < 1.5 * fresh, "\(dead) pages for each job, \(fresh) before")
            }
        }
    }

    @Test func `a job costs the same among those of few tenants as of many`() async throws {
        try await TestPostgres.with { file async throws in
            let clock = ManualClock()
            try await file.addJobs(10_000, tenants: 1_000, before: clock.now)
            let many = try await file.pagesOfJob(clock)
            try await file.own("TRUNCATE jobs")
            try await file.addJobs(10_000, tenants: 3, before: clock.now)
            let few = try await file.pagesOfJob(clock)
            #expect(few < 1.5 * many, "\(few) pages for each job, \(many) with many tenants")
        }
    }
}

extension TestPostgres {
    /// Jobs that became due one after the other until `moment`.
    fileprivate func addJobs(
        _ count: Int, tenants: Int, before moment: Timestamp, key: String = "new"
    ) async throws {
        let first = moment.milliseconds - Int64(count)
        try await own(
            """
            INSERT INTO jobs (id, kind, job_key, tenant_id, payload, state, attempt, due_at, lease_token,
                cancel_requested, created_at)
            SELECT gen_random_uuid(), 'k', '\(key)' || i,
                ('00000000-0000-7000-8000-' || lpad((i % \(tenants))::text, 12, '0'))::uuid, '', 'waiting', 0,
                \(first) + i, 0, 0, \(first)
            FROM generate_series(1, \(count)) i
            """)
        try await own("ANALYZE jobs")
    }

    /// Runs `body` while a transaction elsewhere sees all that is there now, so that nothing can be cleared away.
    fileprivate func whileHeld(_ body: () async throws -> Void) async throws {
        let holder = PostgresConsole(url: ownerURL, deadline: .seconds(120))
        let holding = Task {
            try await holder.run("SET application_name = 'holder'", "SELECT count(*), pg_sleep(60) FROM jobs")
        }
        let begun =
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'holder' AND backend_xmin IS NOT NULL"
        #expect(try await eventually { try await !own(begun).isEmpty })
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await own(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'")
        _ = await holding.result
        try result.get()
    }

    /// Pages of the table and its indexes that a job costs on the average, from its claim to its end.
    fileprivate func pagesOfJob(_ clock: ManualClock) async throws -> Double {
        let before = try await pages()
        let count = 300
        let done = try await withDriver { driver in
            let queue = TableJobQueue(
                database: Database(driver: driver), settings: .init(fullLook: .seconds(1)),
                now: { clock.now })
            return try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<6 { group.addTask { try await work(queue, worker, count / 6, clock) } }
                return try await group.reduce(0, +)
            }
        }
        #expect(done == count)
        return Double(try await pages() - before) / Double(count)
    }

    private func work(
        _ queue: TableJobQueue, _ worker: Int, _ count: Int, _ clock: ManualClock
    ) async throws -> Int {
        for number in 0..<count {
            guard let job = try await queue.claim(["k"], worker: "\(worker)", lease: .seconds(30)) else {
                return number
            }
            #expect(try await queue.finish(job.lease, .done))
            // Some five looks in all.
            if number % 10 == 0, worker == 0 { clock.advance(by: .seconds(1)) }
        }
        return count
    }

    /// Sessions tell what they have read when they end, which the driver's have done by now.
    private func pages() async throws -> Int {
        let idle =
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user"
        #expect(try await eventually { try await own(idle).isEmpty })
        let counts = try await own(
            "SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read FROM pg_statio_user_tables "
                + "WHERE relname = 'jobs'")
        return try #require(counts.first?.first?.flatMap { Int($0) })
    }
}
