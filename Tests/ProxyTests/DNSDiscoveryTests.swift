import Kernel
import ServiceLifecycle
import Testing

@testable import Proxy

/// Names asked of a server that answers by the protocol.
@Suite(.serialized) struct DNSDiscoveryTests {
    private func with(
        _ server: TestNameServer, _ body: (DNSInstanceDirectory) async throws -> Void
    ) async throws {
        let directory = DNSInstanceDirectory(
            ["api": .init(host: "api-instances.cloudstream.test.", port: 8090)],
            server: .init(address: "127.0.0.1", port: server.port))
        do { try await body(directory) } catch {
            await directory.close()
            throw error
        }
        await directory.close()
        try await server.stop()
    }

    @Test func `each address of the name is an instance, as the server has it now`() async throws {
        let server = try await TestNameServer.start([
            "api-instances.cloudstream.test": ["10.0.0.2", "10.0.0.1"]
        ])
        try await with(server) { directory async throws in
            let instances = try await directory.instances(of: "api")
            #expect(instances.map(\.id) == ["api@10.0.0.1:8090", "api@10.0.0.2:8090"])
            #expect(instances.allSatisfy { $0.state == .ready && $0.role == "api" })
            server.set(["api-instances.cloudstream.test": ["10.0.0.3"]])
            #expect(try await directory.instances(of: "api").map(\.address.host) == ["10.0.0.3"])
            #expect(try await directory.instances(of: "worker").isEmpty)
        }
    }

    @Test func `a name that is unknown or empty has no instances`() async throws {
        let server = try await TestNameServer.start([:])
        try await with(server) { directory async throws in
            #expect(try await directory.instances(of: "api").isEmpty)
            server.set(["api-instances.cloudstream.test": []])
            #expect(try await directory.instances(of: "api").isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a server that is silent or fails is told as such, in time`()
        async throws
    {
        let server = try await TestNameServer.start([:])
        try await with(server) { directory async throws in
            for answer in [TestNameServer.Mood.failing, .silent] {
                server.set(answer)
                let failure = try await #require(throws: Failure.self) {
                    try await directory.instances(of: "api")
                }
                #expect(failure.kind == .unavailable)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a gateway finds who the name tells of, and keeps them while the server is silent`() async throws {
        let backend = try await TestBackend.start("a")
        let server = try await TestNameServer.start(["api-instances.cloudstream.test": []])
        let directory = DNSInstanceDirectory(
            ["api": .init(host: "api-instances.cloudstream.test.", port: backend.instance.address.port)],
            server: .init(address: "127.0.0.1", port: server.port))
        try await GatewayStage.run([], directory: directory) { stage async throws in
            #expect(try await stage.get("/").status == 503)
            server.set(["api-instances.cloudstream.test": ["127.0.0.1"]])
            #expect(try await eventually { stage.proxy.instances.count == 1 })
            #expect(try await stage.get("/").body == "a")
            server.set(.silent)
            #expect(
                try await eventually {
                    stage.events.all.contains(.directoryFailed(role: "api", .unavailable))
                })
            #expect(try await stage.get("/").body == "a")
        }
        await directory.close()
        try await server.stop()
    }
}
