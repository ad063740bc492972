import Foundation
import Testing

@testable import Cluster

/// Real servers.
@Suite(.serialized, .enabled(if: TemporaryCluster.hasServers, TemporaryCluster.comment))
struct LocalClusterTests {
    @Test(.timeLimit(.minutes(5)))
    func `servers come up, die, come back, change places and go without a trace`() async throws {
        try await TemporaryCluster.with { path in
            var settings = ClusterSettings.only([.postgres, .redis])
            settings.replicas = 1
            let rise = try await TemporaryCluster.up(settings, in: path)
            #expect(Set(rise.started) == ["postgres-1", "postgres-2", "redis"])
            let cluster = rise.cluster
            #expect(
                try await roles(cluster) == [
                    "postgres-1": "primary", "postgres-2": "replica", "redis": "primary",
                ])
            try await isPrivate(cluster)
            try await commitsReachTheReplica(cluster)

            let again = try await TemporaryCluster.up(.only([.redis]), in: path)
            #expect(again.started.isEmpty)

            try await cluster.kill("redis")
            #expect(try await roles(cluster)["redis"] == "")
            try await cluster.restart("redis")
            #expect(try await roles(cluster)["redis"] == "primary")

            await #expect(throws: ClusterFailure.self) { try await cluster.promote("postgres-2") }
            try await cluster.kill("postgres-1")
            try await cluster.promote("postgres-2")
            try await cluster.restart("postgres-1")
            #expect(
                try await roles(cluster) == [
                    "postgres-2": "primary", "postgres-1": "replica", "redis": "primary",
                ])
            try await commitsReachTheReplica(cluster)

            let processes = await cluster.folder.state.servers.map(\.process)
            try await cluster.pause("redis")
            try await cluster.down()
            #expect(processes.allSatisfy { !$0.isAlive })
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try await LocalCluster.down(path) == false)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a server that nobody recorded is found and ended`() async throws {
        try await TemporaryCluster.with { path in
            let cluster = try await TemporaryCluster.up(.only([.redis]), in: path).cluster
            let process = try #require(await cluster.folder.state.servers.first?.process)
            // As when the maker dies between starting and writing.
            try await cluster.folder.update { $0.servers = [] }
            try await LocalCluster.down(path)
            #expect(!process.isAlive)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `kept data are served again, on the same ports with the same passwords`() async throws {
        try await TemporaryCluster.with { path in
            var settings = ClusterSettings.only([.postgres])
            settings.replicas = 0
            let cluster = try await TemporaryCluster.up(settings, in: path).cluster
            _ = try await admin(cluster).ask("CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
            let before = try await cluster.environment
            try await cluster.down(keepsData: true)
            #expect(try await cluster.status().allSatisfy { !$0.isHealthy && $0.pid == nil })
            let rise = try await TemporaryCluster.up(settings, in: path)
            #expect(rise.started == ["postgres-1"])
            #expect(try await rise.cluster.environment == before)
            #expect(try await admin(rise.cluster).ask("SELECT a FROM kept") == "7")
        }
    }

    @Test func `a folder that holds something else is left alone`() async throws {
        try await TemporaryCluster.with { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(filePath: path + "/letter"))
            await #expect(throws: ClusterFailure.self) {
                try await TemporaryCluster.up(.only([.redis]), in: path)
            }
            #expect(try await LocalCluster.down(path) == false)
            #expect(try String(contentsOfFile: path + "/letter", encoding: .utf8) == "mine")
        }
    }

    @Test func `two commands never work in one folder at once`() async throws {
        try await TemporaryCluster.with { path in
            let claim = try FolderClaim(try FolderClaim.prepare(path))
            await #expect(throws: ClusterFailure.self) {
                try await TemporaryCluster.up(.only([.redis]), in: path)
            }
            claim.release()
        }
    }

    // MARK: Looks

    private func roles(_ cluster: LocalCluster) async throws -> [String: String] {
        try await cluster.status().reduce(into: [:]) { $0[$1.name] = $1.role }
    }

    private func admin(_ cluster: LocalCluster) async throws -> PostgresClient {
        let servers = PostgresServers(try await cluster.context)
        return servers.client(await cluster.folder.state.primary)
    }

    private func isPrivate(_ cluster: LocalCluster) async throws {
        for name in ["cluster.env", "cluster.json"] {
            let path = "\(cluster.path)/\(name)"
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        let text = try String(contentsOfFile: cluster.environmentPath, encoding: .utf8)
        #expect(try await EnvironmentFile(text: text) == cluster.environment)
        // Nobody gets in without a password, also not from this machine.
        let port = try #require(await cluster.folder.state.ports["postgres-1"])
        let stranger = PostgresClient(psql: "/usr/bin/psql", port: port, user: "postgres", password: "wrong")
        await #expect(throws: ClusterFailure.self) { try await stranger.ask("SELECT 1") }
    }

    private func commitsReachTheReplica(_ cluster: LocalCluster) async throws {
        let end = ContinuousClock.now + .seconds(20)
        let question =
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum' AND state = 'streaming'"
        while try await admin(cluster).ask(question) != "1" {
            try #require(ContinuousClock.now < end, "no replica confirms commits")
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
