/// A primary and its streaming replicas.
///
/// All nodes share one configuration, so that any of them can be promoted. Names are `postgres-1`, the first
/// primary, and upwards.
struct PostgresServers: ServerFamily {
    static let database = "cloudstream"
    static let owner = "cloudstream_owner"
    static let app = "cloudstream_app"
    static let replicator = "cloudstream_replicator"

    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func names(_ settings: ClusterSettings) -> [String] {
        (1...settings.replicas + 1).map { "postgres-\($0)" }
    }

    static func portNames(_ settings: ClusterSettings) -> [String] { names(settings) }

    private var names: [String] { Self.names(context.state.settings) }
    private var secrets: ClusterSecrets { context.state.secrets }
    private var primary: String { context.state.primary }

    /// The primary first.
    private var nodes: [String] { [primary] + names.filter { $0 != primary } }

    var plans: [ServerPlan] { nodes.map(plan) }

    private func plan(_ name: String) -> ServerPlan {
        ServerPlan(
            name: name, technology: "postgres", port: context.port(name),
            command: [
                context.program("postgres"), "-D", data(name), "-p", "\(context.port(name))", "-c",
                "cluster_name=\(name)",
            ],
            folder: context.folder(name),
            check: .postgres(
                psql: context.program("psql"), port: context.port(name), password: secrets.postgresAdmin),
            // SIGINT: ends sessions and shuts down cleanly. SIGTERM would wait for the last client.
            stop: .init(signal: 2, seconds: 15), patience: .seconds(60))
    }

    private func data(_ name: String) -> String { context.folder(name) + "/data" }

    var environment: [String: String] {
        let hosts = nodes.map { "127.0.0.1:\(context.port($0))" }
        func url(_ user: String, _ password: String, _ hosts: String, _ database: String = Self.database)
            -> String
        {
            "postgresql://\(user):\(password)@\(hosts)/\(database)"
        }
        return [
            "CLOUDSTREAM_POSTGRES_OWNER_URL": url(Self.owner, secrets.postgresOwner, hosts[0]),
            "CLOUDSTREAM_POSTGRES_URL": url(Self.app, secrets.postgresApp, hosts.joined(separator: ","))
                + "?target_session_attrs=any",
            "CLOUDSTREAM_POSTGRES_ADMIN_URL": url("postgres", secrets.postgresAdmin, hosts[0], "postgres"),
        ]
    }

    // MARK: Raising

    func raise(in folder: ClusterFolder) async throws {
        try await raise(plan(primary), in: folder)
        try await folder.once("postgres.roles") { try await makeRoles() }
        try await withThrowingTaskGroup { group in
            for name in nodes.dropFirst() { group.addTask { try await raise(plan(name), in: folder) } }
            try await group.waitForAll()
        }
        guard context.state.settings.isSynchronous, nodes.count > 1 else { return }
        // Last, since with nobody there to confirm, the roles above would never be committed.
        // The replicas too, for the day they are promoted.
        try await folder.once("postgres.synchronous") {
            for name in nodes {
                _ = try await client(name).ask(
                    "ALTER SYSTEM SET synchronous_standby_names = '\(synchronousNames)'; SELECT pg_reload_conf()"
                )
            }
        }
    }

    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let state = await folder.state
        _ = try folder.makeFolder(plan.name, for: state.account)
        if plan.name == primary {
            try await folder.once("\(plan.name).data") { try await initialise(plan, in: folder) }
        } else if !state.done.contains("\(plan.name).data.\(primary)") {
            try await folder.stop(plan.name)
            try await copy(plan, in: folder)
        }
        try await folder.raise(plan)
    }

    func client(_ name: String) -> PostgresClient {
        PostgresClient(
            psql: context.program("psql"), port: context.port(name), user: "postgres",
            password: secrets.postgresAdmin)
    }

    private var synchronousNames: String {
        "ANY 1 (" + names.map { "\"\($0)\"" }.joined(separator: ", ") + ")"
    }

    private func initialise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let account = await folder.state.account
        let data = data(plan.name)
        // What an interrupted attempt left.
        try await discard(data, plan, in: folder)
        let password = context.folder(plan.name) + "/password"
        try folder.write(secrets.postgresAdmin, to: password, for: account)
        _ = try await folder.tool(
            [
                context.program("initdb"), "-D", data, "-U", "postgres", "--pwfile=\(password)", "-A",
                "scram-sha-256", "-k", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            ], in: plan.folder)
        _ = try await folder.tool(["/bin/rm", password], in: plan.folder)
        _ = try await folder.tool(
            ["/bin/sh", "-c", "cat >> \(Self.shellQuoted(data))/postgresql.conf"], in: plan.folder,
            input: Self.configuration)
        _ = try await folder.tool(
            ["/bin/sh", "-c", "cat >> \(Self.shellQuoted(data))/pg_hba.conf"], in: plan.folder,
            input: "host replication \(Self.replicator) 127.0.0.1/32 scram-sha-256\n")
    }

    /// Makes a replica of the primary, in place of whatever there was: also of a former primary.
    private func copy(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        let data = data(plan.name)
        try await discard(data, plan, in: folder)
        let slot = plan.name.replacing("-", with: "_")
        _ = try await client(primary).ask(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '\(slot)'"
                + " AND NOT active")
        _ = try await folder.tool(
            [
                context.program("pg_basebackup"), "-D", data, "-R", "-X", "stream", "-C", "-S", slot,
                "--no-sync",
                "-c", "fast", "-d",
                "host=127.0.0.1 port=\(context.port(primary)) user=\(Self.replicator) application_name=\(plan.name)",
            ], in: plan.folder, environment: ["PGPASSWORD": secrets.postgresReplicator],
            deadline: .seconds(600))
        let mark = "\(plan.name).data.\(primary)"
        try await folder.update { $0.done.insert(mark) }
    }

    private func discard(_ data: String, _ plan: ServerPlan, in folder: ClusterFolder) async throws {
        _ = try await folder.tool(["/bin/rm", "-rf", data], in: plan.folder)
    }

    private func makeRoles() async throws {
        _ = try await client(primary).ask(
            """
            CREATE ROLE \(Self.replicator) REPLICATION LOGIN PASSWORD '\(secrets.postgresReplicator)';
            CREATE ROLE \(Self.owner) LOGIN CREATEDB CREATEROLE PASSWORD '\(secrets.postgresOwner)';
            CREATE ROLE \(Self.app) LOGIN PASSWORD '\(secrets.postgresApp)';
            GRANT pg_read_all_stats TO \(Self.app);
            CREATE DATABASE \(Self.database) OWNER \(Self.owner)
            """)
    }

    private static func shellQuoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// Small, as several share a machine; safe, as nothing here turns off what a commit promises.
    private static let configuration = """

        listen_addresses = '127.0.0.1'
        unix_socket_directories = ''
        max_connections = 200
        shared_buffers = 64MB
        max_wal_senders = 12
        max_replication_slots = 12
        wal_log_hints = on
        wal_keep_size = 64MB
        max_slot_wal_keep_size = 2GB
        hot_standby_feedback = on
        # A replica that lost its primary looks for it again after this, not after 5 s.
        wal_retrieve_retry_interval = 200ms
        log_timezone = 'UTC'
        timezone = 'UTC'

        """
}
