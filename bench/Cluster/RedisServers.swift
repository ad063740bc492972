import NIOCore

/// Redis alone, as a primary with a replica and three sentinels, or as a cluster of three with a replica
/// each.
struct RedisServers: ServerFamily {
    /// What the sentinels call the set.
    static let primaryName = "cloudstream"

    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    private static func servers(_ form: ClusterSettings.RedisForm) -> [String] {
        switch form {
        case .single: ["redis"]
        case .sentinel: ["redis-1", "redis-2"]
        case .cluster: (1...6).map { "redis-\($0)" }
        }
    }

    private static func sentinels(_ form: ClusterSettings.RedisForm) -> [String] {
        form == .sentinel ? (1...3).map { "sentinel-\($0)" } : []
    }

    static func portNames(_ settings: ClusterSettings) -> [String] {
        let servers = servers(settings.redis)
        let buses = settings.redis == .cluster ? servers.map { $0 + ".bus" } : []
        return servers + sentinels(settings.redis) + buses
    }

    private var form: ClusterSettings.RedisForm { context.state.settings.redis }
    private var servers: [String] { Self.servers(form) }
    private var sentinels: [String] { Self.sentinels(form) }
    private var password: String { context.state.secrets.redis }

    var plans: [ServerPlan] {
        servers.map { plan($0, form == .cluster ? .clusterIsWhole : .answers) }
            + sentinels.map { plan($0, .quorum(of: Self.primaryName)) }
    }

    private func plan(_ name: String, _ proof: RedisProof) -> ServerPlan {
        let mode = sentinels.contains(name) ? ["--sentinel"] : []
        return ServerPlan(
            name: name, technology: "redis", port: context.port(name),
            command: [context.program("redis-server"), configurationPath(name)] + mode,
            folder: context.folder(name), check: .redis(port: context.port(name), password: password, proof))
    }

    private func configurationPath(_ name: String) -> String { context.folder(name) + "/redis.conf" }

    var environment: [String: String] {
        func hosts(_ names: [String]) -> String {
            names.map { "127.0.0.1:\(context.port($0))" }.joined(separator: ",")
        }
        let url =
            switch form {
            case .single: "redis://:\(password)@\(hosts(servers))/0"
            case .sentinel: "redis-sentinel://:\(password)@\(hosts(sentinels))/\(Self.primaryName)"
            case .cluster: "redis-cluster://:\(password)@\(hosts(servers))"
            }
        return ["CLOUDSTREAM_REDIS_URL": url]
    }

    func raise(in folder: ClusterFolder) async throws {
        for plan in plans { try await start(plan, in: folder) }
        if form == .cluster { try await join(in: folder) }
        for plan in plans { try await folder.waitUntilHealthy(plan) }
    }

    private func join(in folder: ClusterFolder) async throws {
        try await folder.once("redis.cluster") {
            _ = try await folder.tool(
                [context.program("redis-cli"), "--no-auth-warning", "--cluster", "create"]
                    + servers.map { "127.0.0.1:\(context.port($0))" }
                    + ["--cluster-replicas", "1", "--cluster-yes"],
                in: context.folder(servers[0]), environment: ["REDISCLI_AUTH": password])
        }
    }

    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        try await start(plan, in: folder)
        try await folder.waitUntilHealthy(plan)
    }

    /// Returns when the server answers for itself: what it needs of the others may not run yet.
    private func start(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let account = await folder.state.account
        _ = try folder.makeFolder(plan.name, for: account)
        // Once: afterwards servers and sentinels write into it whom they follow.
        try await folder.once("\(plan.name).configuration") {
            try folder.write(configuration(plan), to: configurationPath(plan.name), for: account)
        }
        var alone = plan
        alone.check = .redis(port: plan.port, password: password)
        if form == .sentinel, servers.contains(plan.name), let primary = await primaryPort,
            primary != plan.port
        {
            // Else two would be primaries until a sentinel notices.
            alone.command += ["--replicaof", "127.0.0.1 \(primary)"]
        }
        try await folder.raise(alone)
    }

    /// Whom the sentinels hold for the primary; nil when none of them runs.
    private var primaryPort: Int? {
        get async {
            let question =
                "AUTH \(password)\r\nSENTINEL GET-MASTER-ADDR-BY-NAME \(Self.primaryName)\r\nPING\r\n"
            for name in sentinels {
                // One that is down is no reason to give up: another may answer.
                let answer = try? await TCPExchange.ask(port: context.port(name), Array(question.utf8)) {
                    String(buffer: $0).hasSuffix("+PONG\r\n")
                }
                let words = answer.map { String(buffer: $0).split(separator: "\r\n") } ?? []
                if let host = words.firstIndex(of: "127.0.0.1"), words.count > host + 2,
                    let port = Int(words[host + 2])
                {
                    return port
                }
            }
            return nil
        }
    }

    private func configuration(_ plan: ServerPlan) -> String {
        let common = """
            port \(plan.port)
            bind 127.0.0.1
            daemonize no
            dir \(plan.folder)
            requirepass \(password)

            """
        return common + (sentinels.contains(plan.name) ? sentinelLines : serverLines(plan))
    }

    /// Nothing is kept on disk: what Redis holds can be lost by design.
    private func serverLines(_ plan: ServerPlan) -> String {
        var lines = ["save \"\"", "appendonly no", "masterauth \(password)"]
        if form == .sentinel, plan.name != servers[0] {
            lines.append("replicaof 127.0.0.1 \(context.port(servers[0]))")
        }
        if form == .cluster {
            lines += [
                "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 2000",
                // By default 10,000 above, where it may be among the ports of outgoing connections.
                "cluster-port \(context.port(plan.name + ".bus"))",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var sentinelLines: String {
        let name = Self.primaryName
        return """
            sentinel monitor \(name) 127.0.0.1 \(context.port(servers[0])) 2
            sentinel auth-pass \(name) \(password)
            sentinel down-after-milliseconds \(name) 1000
            sentinel failover-timeout \(name) 5000
            sentinel parallel-syncs \(name) 1

            """
    }
}
