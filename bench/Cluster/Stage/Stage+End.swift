import Foundation

/// Ending a stage whose supervisor is another process, or dead.
extension Stage {
    private static func supervisorFile(_ path: String) -> String { path + "/supervisor.json" }

    /// Puts on record that this process supervises the stage.
    package nonisolated func claimSupervision() throws {
        let identity = ProcessIdentity.of(getpid())
        try PrivateFile.write(JSONEncoder().encode(identity), to: Self.supervisorFile(path))
    }

    /// The living supervisor of the stage over a cluster.
    package static func supervisor(_ cluster: String) -> ProcessIdentity? {
        // Neither file nor meaning, no supervisor.
        let content = try? Data(contentsOf: URL(filePath: supervisorFile(folder(of: cluster))))
        let identity = content.flatMap { try? JSONDecoder().decode(ProcessIdentity.self, from: $0) }
        return identity.flatMap { $0.isAlive && $0.pid != getpid() ? $0 : nil }
    }

    /// Ends the processes of the stage over a cluster, whoever supervises them. Says whether there were any.
    @discardableResult
    package static func halt(_ cluster: String) async throws -> Bool {
        let path = folder(of: cluster)
        guard try ClusterFolder.read(path) != nil else { return false }
        if let supervisor = supervisor(cluster) {
            // First: it would start again what ends.
            supervisor.signal(SIGKILL)
            _ = try await supervisor.waitForEnd(.seconds(5))
        }
        try await end(ClusterFolder(opening: path))
        return true
    }

    /// In reverse order of start: who takes requests goes before who serves them.
    static func end(_ folder: ClusterFolder) async throws {
        let servers = await folder.state.servers
        try await withThrowingTaskGroup { group in
            for server in servers where server.name.hasPrefix("gateway") {
                group.addTask { try await folder.stop(server.name) }
            }
            try await group.waitForAll()
        }
        try await withThrowingTaskGroup { group in
            for server in servers { group.addTask { try await folder.stop(server.name) } }
            try await group.waitForAll()
        }
        try await folder.sweep()
        try await folder.remove()
    }

    /// The processes as they are now.
    package static func status(_ cluster: String) async throws -> [ServerStatus] {
        guard let state = try ClusterFolder.read(folder(of: cluster)) else { return [] }
        return await withTaskGroup { group in
            for server in state.servers {
                group.addTask {
                    let isAlive = server.process.isAlive
                    let port = state.ports[server.name + ".admin"] ?? server.port
                    let health =
                        isAlive
                        ? await HealthCheck.http(port: port, path: "/readyz").run() : .down("not running")
                    return ServerStatus(
                        name: server.name, technology: server.technology, role: "", port: server.port,
                        pid: isAlive ? server.process.pid : nil, isHealthy: health.isUp,
                        detail: health.detail,
                        version: "", log: server.log)
                }
            }
            return await group.reduce(into: [ServerStatus]()) { $0.append($1) }.sorted { $0.name < $1.name }
        }
    }
}
