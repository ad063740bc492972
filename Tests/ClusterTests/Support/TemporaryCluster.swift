import Foundation
import Testing

@testable import Cluster

/// A folder of its own for each test, gone with all that runs in it.
enum TemporaryCluster {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path(percentEncoded: false)

    static func with<Value>(_ body: (_ path: String) async throws -> Value) async throws -> Value {
        let path = NSTemporaryDirectory() + "/cluster-test-\(ClusterSecrets.word(bytes: 6))"
        let result: Result<Value, any Error>
        do { result = .success(try await body(path)) } catch { result = .failure(error) }
        try await LocalCluster.down(path)
        // Absent after a cluster's own removal.
        try? FileManager.default.removeItem(atPath: path)
        return try result.get()
    }

    static func up(_ settings: ClusterSettings, in path: String) async throws -> LocalCluster.Rise {
        try await LocalCluster.up(settings, in: path, repository: RepositoryPlaces(root: repository))
    }

    /// Postgres and Redis, of Debian's packages.
    static var hasServers: Bool {
        ["/usr/bin/redis-server", "/usr/lib/postgresql/15/bin/initdb"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    static let comment: Comment = "needs postgresql-15 and redis-server: scripts/install-packages cluster"
}

/// A cluster that exists on paper.
func paperContext(_ change: (inout ClusterSettings) -> Void = { _ in }) throws -> FamilyContext {
    var settings = ClusterSettings()
    change(&settings)
    let ports = try PortChoice(first: 20_000) { _ in true }.take(FamilyContext.portNames(settings))
    return FamilyContext(
        path: "/c", state: ClusterState(settings: settings, account: nil, ports: ports, programs: .init()))
}
