import Foundation

/// What can happen to a single server.
extension LocalCluster {
    /// SIGKILL to the server and all its processes, as when its machine dies. Returns when they are gone.
    package func kill(_ name: String) async throws {
        let process = try await process(name)
        let family = process.family
        for process in family { process.signal(SIGKILL) }
        for process in family where try await !process.waitForEnd(.seconds(5)) {
            throw ClusterFailure("\(name) does not die.")
        }
    }

    /// SIGSTOP: it keeps its connections and answers nothing.
    package func pause(_ name: String) async throws { try await process(name).signalFamily(SIGSTOP) }

    package func resume(_ name: String) async throws { try await process(name).signalFamily(SIGCONT) }

    /// Stops the server if it runs, starts it over its data, and waits until it answers. A former primary
    /// comes back as a replica of the present one.
    package func restart(_ name: String) async throws {
        let claim = try FolderClaim(path)
        defer { claim.release() }
        let (family, plan) = try await plan(name)
        try await folder.stop(name)
        try await family.raise(plan, in: folder)
    }

    /// The replica to promote, once the primary is dead, so that nothing acknowledged is lost.
    package func heir() async throws -> String {
        try await PostgresServers(try await context).heir(in: folder)
    }

    /// Makes a replica the primary, points the other replicas to it, restarts PgBouncer, and rewrites the
    /// environment file. The former primary must be dead: two at once would both take writes.
    package func promote(_ name: String) async throws {
        let claim = try FolderClaim(path)
        defer { claim.release() }
        let servers = PostgresServers(try await context)
        guard servers.plans.contains(where: { $0.name == name }) else {
            throw ClusterFailure("There is no Postgres server \"\(name)\".")
        }
        try await servers.promote(name, in: folder)
        let context = try await context
        for family in context.families where family is PgBouncerServers {
            for plan in family.plans {
                try await folder.stop(plan.name)
                try await family.raise(plan, in: folder)
            }
        }
        try await writeEnvironment()
    }

    /// Changes a parameter of a Postgres server that takes effect without a restart, such as
    /// `recovery_min_apply_delay`.
    package func set(_ parameter: String, to value: String, on name: String) async throws {
        let servers = PostgresServers(try await context)
        guard servers.plans.contains(where: { $0.name == name }) else {
            throw ClusterFailure("There is no Postgres server \"\(name)\".")
        }
        // Two statements of one transaction are refused.
        _ = try await servers.client(name).ask(
            "ALTER SYSTEM SET \(parameter) = '\(value)';\nSELECT pg_reload_conf()")
    }

    private func process(_ name: String) async throws -> ProcessIdentity {
        _ = try await plan(name)
        guard let server = await folder.state.server(name), server.process.isAlive else {
            throw ClusterFailure("\(name) does not run.")
        }
        return server.process
    }

    private func plan(_ name: String) async throws -> (any ServerFamily, ServerPlan) {
        let families = try await context.families
        for family in families {
            if let plan = family.plans.first(where: { $0.name == name }) { return (family, plan) }
        }
        let names = families.flatMap(\.plans).map(\.name)
        throw ClusterFailure("There is no server \"\(name)\", only \(names.joined(separator: ", ")).")
    }
}
