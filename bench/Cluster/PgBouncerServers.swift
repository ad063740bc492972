/// PgBouncer before the primary, as a yardstick for pools.
struct PgBouncerServers: ServerFamily {
    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func portNames(_ settings: ClusterSettings) -> [String] { ["pgbouncer"] }

    private var port: Int { context.port("pgbouncer") }
    private var password: String { context.state.secrets.postgresApp }
    private var configurationPath: String { context.folder("pgbouncer") + "/pgbouncer.ini" }
    private var usersPath: String { context.folder("pgbouncer") + "/users.txt" }

    var plans: [ServerPlan] {
        [
            ServerPlan(
                name: "pgbouncer", technology: "pgbouncer", port: port,
                command: [context.program("pgbouncer"), "-q", configurationPath],
                folder: context.folder("pgbouncer"),
                check: .pgBouncer(psql: context.program("psql"), port: port, password: password),
                // SIGINT waits for clients; SIGTERM does not.
                stop: .init(signal: 15, seconds: 5))
        ]
    }

    var environment: [String: String] {
        [
            "CLOUDSTREAM_PGBOUNCER_URL":
                "postgresql://\(PostgresServers.app):\(password)@127.0.0.1:\(port)/\(PostgresServers.database)"
        ]
    }

    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let account = await folder.state.account
        _ = try folder.makeFolder(plan.name, for: account)
        try folder.write(configuration, to: configurationPath, for: account)
        try folder.write("\"\(PostgresServers.app)\" \"\(password)\"\n", to: usersPath, for: account)
        try await folder.raise(plan)
    }

    private var configuration: String {
        let primary = context.port(context.state.primary)
        return """
            [databases]
            \(PostgresServers.database) = host=127.0.0.1 port=\(primary)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = \(usersPath)
            pool_mode = transaction
            default_pool_size = 20
            max_client_conn = 1000

            """
    }
}
