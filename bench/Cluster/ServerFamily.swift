/// The servers of one technology: how they are arranged, made and joined together.
protocol ServerFamily: Sendable {
    /// Names of the ports that it needs, for these settings.
    static func portNames(_ settings: ClusterSettings) -> [String]

    /// In order of start.
    var plans: [ServerPlan] { get }

    /// What a process reads to reach them.
    var environment: [String: String] { get }

    /// Brings all of them up: from nothing, from their data, or the ones that are down. Idempotent.
    func raise(in folder: ClusterFolder) async throws

    /// Starts one again, joined to the others as they are now.
    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws
}

extension ServerFamily {
    func raise(in folder: ClusterFolder) async throws {
        for plan in plans { try await raise(plan, in: folder) }
    }

    func raise(_ plan: ServerPlan, in folder: ClusterFolder) async throws {
        _ = try folder.makeFolder(plan.name, for: await folder.state.account)
        try await folder.raise(plan)
    }
}

/// What all families are made from.
struct FamilyContext: Sendable {
    let path: String
    let state: ClusterState

    func port(_ name: String) -> Int { state.ports[name] ?? 0 }
    func program(_ name: String) -> String { state.programs[name] }
    func folder(_ name: String) -> String { path + "/" + name }

    /// The families that the settings ask for, in order of start. Each knows nothing of the others but
    /// PgBouncer.
    var families: [any ServerFamily] {
        let settings = state.settings
        var families: [any ServerFamily] = []
        if settings.technologies.contains(.postgres) { families.append(PostgresServers(self)) }
        if settings.technologies.contains(.redis) { families.append(RedisServers(self)) }
        if settings.technologies.contains(.kafka) { families.append(KafkaServers(self)) }
        if settings.technologies.contains(.s3) {
            families.append(settings.s3 == .rclone ? RcloneServers(self) : CephServers(self))
        }
        if settings.technologies.contains(.smtp) { families.append(MailServers(self)) }
        if settings.hasPgBouncer { families.append(PgBouncerServers(self)) }
        return families
    }

    static func portNames(_ settings: ClusterSettings) -> [String] {
        var names: [String] = []
        if settings.technologies.contains(.postgres) { names += PostgresServers.portNames(settings) }
        if settings.technologies.contains(.redis) { names += RedisServers.portNames(settings) }
        if settings.technologies.contains(.kafka) { names += KafkaServers.portNames(settings) }
        if settings.technologies.contains(.s3) {
            names +=
                settings.s3 == .rclone
                ? RcloneServers.portNames(settings) : CephServers.portNames(settings)
        }
        if settings.technologies.contains(.smtp) { names += MailServers.portNames(settings) }
        if settings.hasPgBouncer { names += PgBouncerServers.portNames(settings) }
        return names
    }
}
