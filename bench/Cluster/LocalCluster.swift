import Foundation

/// Real servers as child processes, on free ports of the loopback address, with all they keep in one folder.
///
/// They outlive the process that started them, until `down`. Operations on one folder, from any process, take
/// turns.
package struct LocalCluster: Sendable {
    let folder: ClusterFolder

    package var path: String { folder.path }
    package var environmentPath: String { folder.environmentPath }

    /// Where a stage's cluster is unless told otherwise.
    package static func standardPath(_ stage: String) -> String {
        NSTemporaryDirectory().trimmingSuffix("/") + "/cloudstream-\(getuid())/\(stage)"
    }

    /// What `up` found and did.
    package struct Rise: Sendable {
        package let cluster: LocalCluster
        /// Names of the servers that it started; none when all ran already.
        package let started: [String]
    }

    /// Starts the servers, and returns when all answer. On a folder with a cluster it starts what does not
    /// run, over its data, and `settings` do not count. When it fails, nothing that it started is left
    /// running.
    package static func up(
        _ settings: ClusterSettings = .init(), in path: String, repository: RepositoryPlaces? = nil
    ) async throws -> Rise {
        try settings.check()
        let path = try FolderClaim.prepare(path)
        let claim = try FolderClaim(path)
        defer { claim.release() }
        let folder: ClusterFolder
        if try ClusterFolder.read(path) != nil {
            folder = try ClusterFolder(opening: path)
        } else {
            do {
                folder = try await make(settings, in: path, try repository ?? RepositoryPlaces())
            } catch {
                claim.abandon()
                throw error
            }
        }
        let cluster = LocalCluster(folder: folder)
        try await folder.sweep()
        let running = await Set(folder.state.servers.filter(\.process.isAlive).map(\.name))
        do {
            try await cluster.raise()
        } catch {
            // What ran before goes on; the failure that stopped the rise is the one to tell.
            for server in await folder.state.servers where !running.contains(server.name) {
                try? await folder.stop(server.name)
            }
            throw error
        }
        let started = await folder.state.servers.map(\.name).filter { !running.contains($0) }
        return Rise(cluster: cluster, started: started)
    }

    /// The cluster in a folder, whether it runs or not.
    package static func open(_ path: String) throws -> LocalCluster {
        LocalCluster(folder: try ClusterFolder(opening: try FolderClaim.absolute(path)))
    }

    private static func make(
        _ settings: ClusterSettings, in path: String, _ places: RepositoryPlaces
    ) async throws -> ClusterFolder {
        let needsWheels =
            !settings.technologies.isDisjoint(with: [.kafka, .smtp])
            || (settings.technologies.contains(.s3) && settings.s3 == .rclone)
        if needsWheels { try await places.fetchWheels() }
        let account = try ServerAccount.current()
        var programs = try ProgramPlaces.find(for: settings, wheels: places.wheels)
        try await programs.askVersions()
        let ports = try PortChoice(first: settings.firstPort).take(FamilyContext.portNames(settings))
        var state = ClusterState(settings: settings, account: account, ports: ports, programs: programs)
        if settings.technologies.contains(.kafka) { state.libraryFolder = places.libraryFolder }
        let folder = try ClusterFolder(making: path, state: state)
        try await folder.copyPrograms(under: places.wheels)
        return folder
    }

    private func raise() async throws {
        let families = try await context.families
        try await withThrowingTaskGroup { group in
            for family in families where !(family is PgBouncerServers) {
                group.addTask { try await family.raise(in: folder) }
            }
            try await group.waitForAll()
        }
        for family in families where family is PgBouncerServers { try await family.raise(in: folder) }
        try await writeEnvironment()
    }

    var context: FamilyContext {
        get async throws {
            try await folder.reload()
            return FamilyContext(path: path, state: await folder.state)
        }
    }

    func writeEnvironment() async throws { try await folder.writeEnvironment(try await environment) }

    /// What a process of the stage reads: how to reach the servers, and the keys that all processes share.
    package var environment: EnvironmentFile {
        get async throws {
            let context = try await context
            var file = EnvironmentFile([
                "CLOUDSTREAM_TOKEN_KEY": context.state.secrets.tokenKey,
                "CLOUDSTREAM_PLAYBACK_KEY": context.state.secrets.playbackKey,
                "CLOUDSTREAM_SERVICE_KEY": context.state.secrets.serviceKey,
                "CLOUDSTREAM_SERVICE_PUBLIC_KEYS": try context.state.secrets.servicePublicKey,
            ])
            for family in context.families { file.values.merge(family.environment) { $1 } }
            file.libraryFolder = context.state.libraryFolder
            return file
        }
    }

    /// Ends all servers in order, by force where a deadline passes, and removes the folder unless told to
    /// keep it. Does nothing when there is no cluster. Says whether there was one.
    @discardableResult
    package static func down(_ path: String, keepsData: Bool = false) async throws -> Bool {
        let path = try FolderClaim.absolute(path)
        guard try ClusterFolder.read(path) != nil else { return false }
        let claim = try FolderClaim(path)
        defer { claim.release() }
        let folder = try ClusterFolder(opening: path)
        try await Stage.halt(path)
        let servers = await folder.state.servers
        let technologies = Set(servers.map(\.technology))
        // First what stands before others; then each technology by itself, in reverse order of start.
        for server in servers where server.technology == "pgbouncer" { try await folder.stop(server.name) }
        try await withThrowingTaskGroup { group in
            for technology in technologies.subtracting(["pgbouncer"]) {
                group.addTask {
                    for server in servers.reversed() where server.technology == technology {
                        try await folder.stop(server.name)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await folder.sweep()
        if keepsData { try await folder.update { $0.servers = [] } } else { try await folder.remove() }
        return true
    }

    package func down(keepsData: Bool = false) async throws {
        try await Self.down(path, keepsData: keepsData)
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && count > suffix.count ? String(dropLast(suffix.count)) : self
    }
}
