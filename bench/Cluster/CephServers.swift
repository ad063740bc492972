import Foundation

/// Ceph's S3 gateway over one monitor and one store: slow to start, durable, and close to the letter of S3.
struct CephServers: ServerFamily {
    let context: FamilyContext

    init(_ context: FamilyContext) { self.context = context }

    static func portNames(_ settings: ClusterSettings) -> [String] {
        ["s3", "ceph-mon", "ceph-mon.old"] + (0..<Self.storePorts).map { "ceph-osd.\($0)" }
    }

    /// The store listens for clients and for heartbeats, on two networks, in two protocols.
    private static let storePorts = 8

    private var access: S3Access {
        S3Access(
            port: context.port("s3"), bucket: RcloneServers.bucket,
            accessKey: context.state.secrets.s3AccessKey,
            secretKey: context.state.secrets.s3SecretKey)
    }

    private var folder: String { context.folder("ceph") }
    private var configurationPath: String { folder + "/ceph.conf" }

    private func plan(_ name: String, _ program: String, _ identity: String, port: Int, _ check: HealthCheck)
        -> ServerPlan
    {
        ServerPlan(
            name: name, technology: "s3", port: port,
            command: [context.program(program), "-c", configurationPath, "-n", identity, "-f"],
            folder: folder,
            check: check, patience: .seconds(120))
    }

    private func answer(_ words: [String], holds text: String) -> HealthCheck {
        .program(
            [context.program("ceph"), "-c", configurationPath, "--connect-timeout", "5"] + words, holds: text)
    }

    private var monitor: ServerPlan {
        plan(
            "ceph-mon", "ceph-mon", "mon.a", port: context.port("ceph-mon"),
            answer(["mon", "stat"], holds: "quorum"))
    }

    private var store: ServerPlan {
        plan(
            "ceph-osd", "ceph-osd", "osd.0", port: context.port("ceph-osd.0"),
            answer(["osd", "stat"], holds: "1 up"))
    }

    private func gateway(_ check: HealthCheck) -> ServerPlan {
        plan("s3", "radosgw", "client.rgw.a", port: access.port, check)
    }

    var plans: [ServerPlan] { [monitor, store, gateway(.s3(access))] }

    var environment: [String: String] { access.environment }

    func raise(in folder: ClusterFolder) async throws {
        for plan in plans { try await raise(plan, in: folder) }
    }

    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        switch plan.name {
        case "ceph-mon":
            try await folder.once("ceph.monitor") { try await makeMonitor(in: folder) }
            try await folder.raise(plan)
        case "ceph-osd":
            try await folder.once("ceph.store") { try await makeStore(in: folder) }
            try await folder.raise(plan)
        default:
            try await folder.raise(gateway(.listens(port: access.port)))
            try await folder.once("ceph.user") { try await makeUser(in: folder) }
            try await folder.waitUntilHealthy(plan)
        }
    }

    // MARK: First start

    private func tool(_ words: [String], in cluster: ClusterFolder) async throws {
        _ = try await cluster.tool(
            [context.program(words[0])] + words.dropFirst(), in: folder, deadline: .seconds(120))
    }

    private func makeMonitor(in cluster: ClusterFolder) async throws {
        let account = await cluster.state.account
        for name in ["ceph", "ceph/mon", "ceph/osd", "ceph/run", "ceph/rgw"] {
            _ = try cluster.makeFolder(name, for: account)
        }
        let identifier = UUID().uuidString.lowercased()
        try cluster.write(configuration(identifier), to: configurationPath, for: account)
        for (index, words) in keys.enumerated() {
            let making = index == 0 ? ["-C"] : []
            try await tool(["ceph-authtool"] + making + ["keyring", "--gen-key"] + words, in: cluster)
        }
        let address =
            "[v2:127.0.0.1:\(context.port("ceph-mon")),v1:127.0.0.1:\(context.port("ceph-mon.old"))]"
        try await tool(
            ["monmaptool", "--create", "--clobber", "--fsid", identifier, "--addv", "a", address, "monmap"],
            in: cluster)
        try await tool(
            [
                "ceph-mon", "-c", configurationPath, "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring",
                "keyring",
            ], in: cluster)
    }

    private func makeStore(in cluster: ClusterFolder) async throws {
        let identifier = UUID().uuidString.lowercased()
        try await tool(["ceph", "-c", configurationPath, "osd", "new", identifier], in: cluster)
        try await tool(
            ["ceph-osd", "-c", configurationPath, "-i", "0", "--mkfs", "--osd-uuid", identifier], in: cluster)
    }

    private func makeUser(in cluster: ClusterFolder) async throws {
        try await tool(
            [
                "radosgw-admin", "-c", configurationPath, "-n", "client.rgw.a", "user", "create", "--uid",
                "cloudstream", "--display-name", "cloudstream", "--access-key", access.accessKey,
                "--secret-key",
                access.secretKey,
            ], in: cluster)
        try await S3Client(access: access).makeBucket()
    }

    /// Without keys the gateway waits for ever.
    private var keys: [[String]] {
        func caps(_ list: [String: String]) -> [String] {
            list.sorted { $0.key < $1.key }.flatMap { ["--cap", $0.key, $0.value] }
        }
        return [
            ["-n", "mon."] + caps(["mon": "allow *"]),
            ["-n", "client.admin"]
                + caps(["mon": "allow *", "osd": "allow *", "mgr": "allow *", "mds": "allow *"]),
            ["-n", "osd.0"]
                + caps(["mon": "allow profile osd", "osd": "allow *", "mgr": "allow profile osd"]),
            ["-n", "client.rgw.a"] + caps(["mon": "allow rw", "osd": "allow rwx", "mgr": "allow rw"]),
        ]
    }

    /// One copy of everything in one file that grows as it fills; small memory.
    private func configuration(_ identifier: String) -> String {
        """
        [global]
        fsid = \(identifier)
        mon_host = [v2:127.0.0.1:\(context.port("ceph-mon")),v1:127.0.0.1:\(context.port("ceph-mon.old"))]
        mon_initial_members = a
        public_addr = 127.0.0.1
        # Named too, or the store listens everywhere.
        cluster_addr = 127.0.0.1
        ms_bind_ipv4 = true
        ms_bind_port_min = \(context.port("ceph-osd.0"))
        ms_bind_port_max = \(context.port("ceph-osd.\(Self.storePorts - 1)"))
        auth_cluster_required = cephx
        auth_service_required = cephx
        auth_client_required = cephx
        auth_allow_insecure_global_id_reclaim = false
        osd_pool_default_size = 1
        osd_pool_default_min_size = 1
        osd_pool_default_pg_num = 4
        osd_pool_default_pgp_num = 4
        osd_pool_default_pg_autoscale_mode = off
        mon_allow_pool_size_one = true
        mon_warn_on_pool_no_redundancy = false
        osd_crush_chooseleaf_type = 0
        run_dir = \(folder)/run
        admin_socket = \(folder)/run/$name.asok
        log_file = \(folder)/$name.log
        mon_data = \(folder)/mon
        osd_data = \(folder)/osd
        rgw_data = \(folder)/rgw
        keyring = \(folder)/keyring
        osd_objectstore = bluestore
        bluestore_block_size = 10737418240
        osd_memory_target = 939524096
        bluestore_cache_autotune = false
        bluestore_cache_size = 67108864
        # Small answers would wait 40 ms otherwise.
        rgw_frontends = beast endpoint=127.0.0.1:\(access.port) tcp_nodelay=1
        rgw_thread_pool_size = 32
        rgw_enable_usage_log = false
        rgw_override_bucket_index_max_shards = 1
        rgw_lc_debug_interval = 10
        debug_ms = 0

        """
    }
}
