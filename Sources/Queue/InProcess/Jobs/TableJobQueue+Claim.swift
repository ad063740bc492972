package import Kernel
import Relational

extension TableJobQueue {
    package func claim(_ kinds: [String], worker: String, lease: Duration) async throws -> LeasedJob? {
        let now = now()
        return try await database.writeSystem { writer in
            try Self.recoverLapsed(kinds, at: now, writer)
            guard let job = try Self.fairest(kinds, at: now, writer) else { return nil }
            try writer.update(
                .jobs,
                set: """
                    state = \(State.running.rawValue), worker = \(worker), leased_until = \(now + lease), \
                    lease_token = \(job.lease.token), attempt = \(job.attempt)
                    """,
                where: "id = \(job.lease.job)")
            return job
        }
    }

    /// Jobs whose worker fell silent are due again.
    private static func recoverLapsed(
        _ kinds: [String], at now: Timestamp, _ writer: SystemWriter
    ) throws {
        let lapsed = try writer.claim(
            "id", from: .jobs,
            where: "kind IN \(list: kinds) AND state = \(State.running.rawValue) AND leased_until <= \(now)"
        ) { try $0.next(JobID.self) }
        guard !lapsed.isEmpty else { return }
        try writer.update(
            .jobs, set: "state = \(State.waiting.rawValue), leased_until = NULL, worker = NULL",
            where: "id IN \(list: lapsed)")
    }

    /// The oldest due job of the tenant with the fewest running. There are no more tenants with running jobs than
    /// there are workers, so this stays quick however many jobs wait.
    private static func fairest(
        _ kinds: [String], at now: Timestamp, _ writer: SystemWriter
    ) throws -> LeasedJob? {
        let running = try writer.reader.select(
            "tenant_id, count(*)", from: .jobs,
            where: "kind IN \(list: kinds) AND state = \(State.running.rawValue)", then: "GROUP BY tenant_id"
        ) { (tenant: try $0.next(TenantID.self), count: try $0.next(Int.self)) }

        let busy = running.map(\.tenant)
        let idle: SQLText = busy.isEmpty ? "" : " AND tenant_id NOT IN \(list: busy)"
        if let job = try oldestDue(kinds, idle, at: now, writer) { return job }
        for (_, tenants) in Dictionary(grouping: running, by: \.count).sorted(by: { $0.key < $1.key }) {
            let some: SQLText = " AND tenant_id IN \(list: tenants.map(\.tenant))"
            if let job = try oldestDue(kinds, some, at: now, writer) { return job }
        }
        return nil
    }

    /// As it will be once leased: the next token, one attempt more.
    private static func oldestDue(
        _ kinds: [String], _ tenants: SQLText, at now: Timestamp, _ writer: SystemWriter
    ) throws -> LeasedJob? {
        try writer.claim(
            "id, lease_token, kind, job_key, tenant_id, payload, checkpoint, attempt", from: .jobs,
            where: """
                kind IN \(list: kinds) AND state = \(State.waiting.rawValue) AND due_at <= \(now)\(tenants)
                """,
            then: "ORDER BY due_at, id LIMIT 1"
        ) { row in
            let lease = JobLease(job: try row.next(), token: try row.next(Int64.self) + 1)
            return LeasedJob(
                lease: lease, kind: try row.next(), key: try row.next(), tenant: try row.next(),
                payload: try row.next(), checkpoint: try row.nextIfPresent(),
                attempt: try row.next(Int.self) + 1)
        }.first
    }
}
