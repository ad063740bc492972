import Foundation

/// The processes of a stage on one machine: started in waves, kept alive, restarted one by one, stopped.
///
/// They run as whoever started the stage, over the servers of a cluster, in the folder `stage` of the
/// cluster's.
package actor Stage {
    package struct Settings: Sendable {
        package var plan = StagePlan.seriesA
        /// The program.
        package var app: String
        package var repository: RepositoryPlaces
        /// The entrance gets it, the others the next free ones.
        package var firstPort: Int? = 8080
        /// From SIGTERM to SIGKILL: more than the profile's `http.drainDeadline`.
        package var drainSeconds = 40
        /// Overrides of the profile's keys, for all processes.
        package var overrides: [String: String] = [:]
        package var restart = RestartPolicy.Settings()

        package init(app: String, repository: RepositoryPlaces) {
            self.app = app
            self.repository = repository
        }
    }

    private let settings: Settings
    private let folder: ClusterFolder
    private let environment: [String: String]
    /// Of the role that owns the tables: for making the schema alone, not for the processes.
    private let owner: [String: String]
    private let ports: [String: Int]
    private let report: @Sendable (String) -> Void
    private var policy: RestartPolicy
    /// Held here, so that connections wait, not fail, while gateways come and go; nil once all is to end.
    private var entrance: ListeningSocket?
    /// Processes that somebody is stopping or starting on purpose.
    private var held: Set<String> = []
    private let epoch = ContinuousClock.now

    package nonisolated let url: String
    package nonisolated let path: String

    /// Nothing runs yet. A folder that an earlier stage left is emptied, and what ran in it ended.
    package init(
        _ settings: Settings, over cluster: LocalCluster,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        self.settings = settings
        self.report = report
        policy = RestartPolicy(settings.restart)
        path = Self.folder(of: cluster.path)
        try await Self.halt(cluster.path)
        guard FileManager.default.isExecutableFile(atPath: settings.app) else {
            throw ClusterFailure("\(settings.app) is missing: swift build --product app")
        }
        ports = try PortChoice(first: settings.firstPort).take(settings.plan.portNames)
        let entrance = try ListeningSocket(port: ports[settings.plan.entrance] ?? 0)
        self.entrance = entrance
        url = "http://127.0.0.1:\(ports[settings.plan.entrance] ?? 0)"
        let all = try await cluster.environment.merged(over: ProcessInfo.processInfo.environment)
        owner = all.filter { $0.key == Self.ownerURL }
        environment = all.filter { ![Self.ownerURL, Self.adminURL].contains($0.key) }
        var programs = ProgramPlaces()
        programs["app"] = settings.app
        var servers = ClusterSettings()
        servers.technologies = []
        folder = try ClusterFolder(
            making: path,
            state: ClusterState(settings: servers, account: nil, ports: ports, programs: programs))
    }

    private static let ownerURL = "CLOUDSTREAM_POSTGRES_OWNER_URL"
    private static let adminURL = "CLOUDSTREAM_POSTGRES_ADMIN_URL"

    static func folder(of cluster: String) -> String { cluster + "/stage" }

    // MARK: Plans

    private func plan(_ process: StageProcess) throws -> ServerPlan {
        let place = try folder.makeFolder(process.name, for: nil)
        let repository = settings.repository.root
        let values = process.settings(
            ports: ports, entrance: entrancePort, repository: repository
        ).merging(settings.overrides) { $1 }
        let profile = "\(repository)/profiles/\(settings.plan.name).yaml"
        let admin = ports[process.name + ".admin"] ?? 0
        return ServerPlan(
            name: process.name, technology: "app",
            port: process.isEntrance ? entrancePort : ports[process.name] ?? admin,
            command: [settings.app] + process.arguments(profile: profile, settings: values), folder: place,
            check: .http(port: admin, path: "/readyz"), stop: .init(seconds: settings.drainSeconds),
            environment: environment, input: process.isEntrance ? entrance?.descriptor : nil,
            patience: .seconds(60))
    }

    private var entrancePort: Int { ports[settings.plan.entrance] ?? 0 }

    private func process(_ name: String) throws -> StageProcess {
        guard let process = settings.plan.processes.first(where: { $0.name == name }) else {
            let names = settings.plan.processes.map(\.name).joined(separator: ", ")
            throw ClusterFailure("There is no process \"\(name)\", only \(names).")
        }
        return process
    }

    // MARK: Running

    /// Makes the schema, then starts all, wave by wave; returns when all are ready.
    package func start() async throws {
        try await migrate()
        for wave in settings.plan.waves {
            try await withThrowingTaskGroup { group in
                for process in wave { group.addTask { try await self.raise(process) } }
                try await group.waitForAll()
            }
        }
    }

    /// The role that serves may not change tables: this is done by the one that owns them.
    private func migrate() async throws {
        let program = ChildProgram(
            command: [
                settings.app, "migrate", "\(settings.repository.root)/profiles/\(settings.plan.name).yaml",
                "--owner", "env:\(Self.ownerURL)",
            ], environment: environment.merging(owner) { $1 }, folder: path)
        report(try await program.run(deadline: .seconds(120)).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private func raise(_ process: StageProcess) async throws {
        held.insert(process.name)
        defer { held.remove(process.name) }
        policy.started(process.name, at: ContinuousClock.now - epoch)
        try await folder.raise(try plan(process))
        report("\(process.name) is ready")
    }

    /// Starts again what dies, until cancelled.
    package func supervise() async throws {
        try await withThrowingTaskGroup { group in
            for process in settings.plan.processes { group.addTask { try await self.supervise(process) } }
            try await group.waitForAll()
        }
    }

    private func supervise(_ process: StageProcess) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(100))
            guard !held.contains(process.name),
                await folder.state.server(process.name)?.process.isAlive != true,
                policy.shouldStart(process.name, at: ContinuousClock.now - epoch)
            else { continue }
            report("\(process.name) died, and is started again; its log is \(folder.log(process.name))")
            // It is seen dead again, or gets ready after all.
            do { try await raise(process) } catch let failure as ClusterFailure { report("\(failure)") }
        }
    }

    /// SIGTERM, waits until it is gone, starts it, waits until it is ready.
    package func restart(_ name: String) async throws {
        let process = try process(name)
        held.insert(name)
        defer { held.remove(name) }
        try await folder.stop(name)
        try await raise(process)
    }

    /// Restarts one after the other: at no time is more than one of them away.
    package func rollingRestart(_ names: [String]? = nil) async throws {
        for name in names ?? settings.plan.processes.map(\.name) { try await restart(name) }
    }

    /// SIGKILL. The supervision starts it again.
    package func kill(_ name: String) async throws {
        guard let server = await folder.state.server(try process(name).name) else { return }
        server.process.signalFamily(SIGKILL)
        _ = try await server.process.waitForEnd(.seconds(5))
    }

    /// Ends all, the entrance first, and removes the folder.
    package func stop() async throws {
        held = Set(settings.plan.processes.map(\.name))
        // Whoever connects when the last gateway has gone is refused, and does not wait for nobody.
        entrance = nil
        try await Self.end(folder)
    }

    /// Where a process listens by itself: an api, or with `.admin` behind the name the administration of any.
    package nonisolated func port(_ name: String) -> Int? { ports[name] }

    package func pid(_ name: String) async -> Int32? { await folder.state.server(name)?.process.pid }

    package nonisolated func log(_ name: String) -> String { folder.log(name) }
}
