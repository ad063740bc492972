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

    private let app: URL
    private let repository: URL
    private let servers: StageServers
    private var proxy: FaultProxy?
    private var running: [RunningProgram] = []
    private var members: [Member] = []
    /// Of a person who has signed up.
    private(set) var token = ""

    init(app: URL, repository: URL, servers: StageServers) {
        self.app = app
        self.repository = repository
        self.servers = servers
    }

    /// Throws, with what it said last, if one of them has ended.
    func first(_ count: Int) throws -> [Member] {
        for program in running.prefix(count) where !program.isRunning {
            throw RunFailure("an api process has ended: \(program.errors.suffix(600))")
        }
        return Array(members.prefix(count))
    }

    func start(_ count: Int) async throws {
        let proxy = try await FaultProxy.start(to: servers.primary.ports[0])
        self.proxy = proxy
        for _ in 0..<count { try await startOne(proxy.port) }
        token = try await signUp()
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
        let (port, admin) = (try FreePort.take(), try FreePort.take())
        var environment = servers.environment
        for owner in ["OWNER", "ADMIN"] { environment["CLOUDSTREAM_POSTGRES_\(owner)_URL"] = nil }
        environment["CLOUDSTREAM_POSTGRES_URL"] = servers.primary.through(port: databasePort).url
        let program = Program(
            executable: app.plainPath, arguments: arguments(port, admin), folder: servers.scratch.root,
            environment: environment)
        let started = try await program.start()
        running.append(started)
        let (probe, end) = (HTTPProbe(port: admin, path: "/readyz"), ContinuousClock.now + .seconds(60))
        while !probe.isAnswered {
            guard started.isRunning, ContinuousClock.now < end else {
                throw RunFailure("an api process did not get ready: \(started.errors.suffix(600))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        members.append(Member(port: port, process: started.identifier))
    }

    private func arguments(_ port: Int, _ admin: Int) -> [String] {
        let settings = [
            "http.port=\(port)", "admin.port=\(admin)",
            "http.web=\(repository.appending(path: "web").plainPath)",
            "http.schemas=\(repository.appending(path: "schemas").plainPath)",
            "relational.postgres.connections=\(Self.connections)", "registry.register=false",
            "telemetry.logLevel=warning",
        ]
        let profile = repository.appending(path: "profiles/series-a.yaml").plainPath
        return ["--profile", profile, "--role", "api"] + settings.flatMap { ["--set", $0] }
    }

    private struct Entry: Decodable {
        struct Session: Decodable { let accessToken: String }
        let session: Session
    }

    /// All processes share the keys that tokens are signed with.
    private func signUp() async throws -> String {
        guard let port = members.first?.port else { throw RunFailure("no api process runs") }
        return try await onThread {
            let body = """
                {"name":"Bench","owner":{"email":"bench@example.com","name":"Bench",\
                "password":"correct horse battery staple"}}
                """
            let answer = try KeepAliveClient(port: port).ask(
                "POST", "/v1/tenants", headers: ["Idempotency-Key": "\(UUID())"], body: body)
            guard answer.status == 201 else {
                throw RunFailure("nobody could sign up: \(String(decoding: answer.body, as: UTF8.self))")
            }
            return try JSONDecoder().decode(Entry.self, from: Data(answer.body)).session.accessToken
        }
    }
}
