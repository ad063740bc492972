import Cluster
import Foundation

/// Api processes of the product over the servers of the bench, with a slow way to the database.
actor ProcessFleetMembers {
    struct Member: Sendable {
        let port: Int
        let process: Int32
    }

    /// Transactions of one process at one time.
    static let connections = 8
    static let clients = 16
    private static let delay = Duration.milliseconds(20)

    private let launcher: AppLauncher
    private var proxy: FaultProxy?
    private var running: [RunningProgram] = []
    private var members: [Member] = []
    /// Of a person who has signed up.
    private(set) var token = ""

    init(_ launcher: AppLauncher) { self.launcher = launcher }

    /// Throws, with what it said last, if one of them has ended.
    func first(_ count: Int) throws -> [Member] {
        for program in running.prefix(count) where !program.isRunning {
            throw RunFailure("an api process has ended: \(program.errors.suffix(600))")
        }
        return Array(members.prefix(count))
    }

    func start(_ count: Int) async throws {
        let proxy = try await FaultProxy.start(to: launcher.servers.primary.ports[0])
        self.proxy = proxy
        for _ in 0..<count { try await startOne(proxy.port) }
        // All processes share the keys that tokens are signed with.
        guard let first = members.first else { throw RunFailure("no api process runs") }
        token = try await SignUp(port: first.port).token()
        // Only now: signing up and starting need not wait.
        try await proxy.set(Fault(latency: Self.delay), [.toServer])
    }

    func stop() async {
        for program in running { _ = await program.stop() }
        running = []
        // What is left of it ends with the bench.
        try? await proxy?.stop()
        proxy = nil
    }

    private func startOne(_ databasePort: Int) async throws {
        let port = try PortChoice.takeOne()
        let started = try await launcher.start(
            role: "api",
            settings: [
                "http.port=\(port)", "relational.postgres.connections=\(Self.connections)",
                "registry.register=false",
            ],
            environment: [
                "CLOUDSTREAM_POSTGRES_URL": launcher.servers.primary.through(port: databasePort).url
            ])
        running.append(started)
        members.append(Member(port: port, process: started.identifier))
    }
}
