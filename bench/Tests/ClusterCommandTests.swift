import ArgumentParser
import Cluster
import Testing

@testable import bench

/// `bench` has options of its own, which it takes wherever they stand: none of a command below may bear such a name.
@Suite struct ClusterCommandTests {
    @Test func `options of servers reach their command`() throws {
        let words = ["cluster", "up", "--servers", "kafka,redis", "--replicas", "1"]
        let command = try #require(try Bench.parseAsRoot(words) as? ClusterUp)
        let settings = try command.servers.settings()
        #expect(settings.technologies == [.kafka, .redis] && settings.replicas == 1)
    }
}
