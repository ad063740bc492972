extension PostgresServers {
    /// Promotes a replica; the other nodes that run follow it, those that do not are copied anew when they
    /// come back.
    func promote(_ name: String, in folder: ClusterFolder) async throws {
        let former = context.state.primary
        guard name != former else { return }
        guard await folder.state.server(former)?.process.isAlive != true else {
            throw ClusterFailure("\(former) still runs and takes writes: kill it first.")
        }
        let heir = try await heir(in: folder)
        let (most, own) = (try await received(by: heir), try await received(by: name))
        guard own == most else {
            throw ClusterFailure("\(heir) has more of what was acknowledged than \(name): promote that.")
        }
        let answer = try await client(name).ask(
            "SELECT pg_promote(true, 30); CHECKPOINT", deadline: .seconds(60))
        guard answer.hasPrefix("t") else { throw ClusterFailure("\(name) was not promoted in 30 s.") }
        try await folder.update { state in
            state.primary = name
            state.done = state.done.filter { !$0.hasSuffix(".data.\(former)") }
            state.done.insert("\(name).data")
        }
        for plan in plans where ![name, former].contains(plan.name) {
            guard await folder.state.server(plan.name)?.process.isAlive == true else { continue }
            try await follow(plan.name, name, in: folder)
        }
    }

    /// Points a running replica to another primary, which shares its history.
    private func follow(_ replica: String, _ primary: String, in folder: ClusterFolder) async throws {
        let slot = replica.replacing("-", with: "_")
        _ = try await client(primary).ask(
            "SELECT pg_create_physical_replication_slot('\(slot)') WHERE NOT EXISTS"
                + " (SELECT FROM pg_replication_slots WHERE slot_name = '\(slot)')")
        _ = try await client(replica).ask(
            "ALTER SYSTEM SET primary_conninfo = '\(connection(of: replica, to: primary))';"
                + " SELECT pg_reload_conf()")
        let mark = "\(replica).data.\(primary)"
        try await folder.update { $0.done.insert(mark) }
    }

    /// The replica that received most of what the primary wrote: commits wait for any one of them, so another may lack
    /// what was acknowledged, and one that is ahead could not follow it.
    func heir(in folder: ClusterFolder) async throws -> String {
        var furthest: (name: String, received: Int64)?
        for plan in plans where plan.name != context.state.primary {
            guard await folder.state.server(plan.name)?.process.isAlive == true else { continue }
            let received = try await received(by: plan.name)
            if received > furthest?.received ?? -1 { furthest = (plan.name, received) }
        }
        guard let furthest else { throw ClusterFailure("No replica is left to promote.") }
        return furthest.name
    }

    /// Bytes of the log, once no more can come.
    private func received(by replica: String) async throws -> Int64 {
        for _ in 0..<50 {
            let answer = try await client(replica).ask(
                """
                SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0'), 0)::bigint \
                WHERE NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
                """)
            if let received = Int64(answer) { return received }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ClusterFailure("\(replica) still receives what the primary writes: kill that first.")
    }

    private func connection(of replica: String, to primary: String) -> String {
        "host=127.0.0.1 port=\(context.port(primary)) user=\(Self.replicator)"
            + " password=\(context.state.secrets.postgresReplicator) application_name=\(replica)"
    }
}
