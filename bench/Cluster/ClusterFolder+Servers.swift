import Foundation

/// Starting and stopping what runs in the folder.
extension ClusterFolder {
    nonisolated static var lockName: String { "lock" }

    /// Runs a tool as the servers' account; what it printed.
    func tool(
        _ command: [String], in folder: String, environment: [String: String] = [:], input: String = "",
        deadline: Duration = .seconds(60)
    ) async throws -> String {
        let program = ChildProgram(
            command: state.account?.wrapping(command) ?? command,
            environment: ChildProgram.plainEnvironment(home: folder).merging(environment) { $1 },
            folder: folder)
        return try await program.run(input: input, deadline: deadline)
    }

    /// Starts the server unless it runs, and waits until it answers.
    func raise(_ plan: ServerPlan) async throws {
        if state.server(plan.name)?.process.isAlive != true { try start(plan) }
        try await waitUntilHealthy(plan)
    }

    /// Its number is on disk before anything else happens.
    private func start(_ plan: ServerPlan) throws {
        let log = log(plan.name)
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw ClusterFailure("\(log) cannot be written.") }
        defer { close(output) }
        let program = ChildProgram(
            command: state.account?.wrapping(plan.command) ?? plan.command,
            environment: ChildProgram.plainEnvironment(home: plan.folder).merging(plan.environment) { $1 },
            folder: plan.folder)
        let pid = try program.start(output: output, input: plan.input)
        guard let process = ProcessIdentity.of(pid) else {
            throw ClusterFailure("\(plan.name) ended at once: \(logTail(plan.name))")
        }
        let server = ClusterState.Server(
            name: plan.name, technology: plan.technology, port: plan.port, process: process,
            startedAt: Date(),
            log: log, version: state.programs.versions[plan.technology] ?? "", program: plan.command[0],
            stop: plan.stop)
        try update {
            $0.servers.removeAll { $0.name == plan.name }
            $0.servers.append(server)
        }
    }

    func waitUntilHealthy(_ plan: ServerPlan) async throws {
        let end = ContinuousClock.now + plan.patience
        var pause = Duration.milliseconds(10)
        while true {
            let health = await plan.check.run()
            if health.isUp { return }
            guard state.server(plan.name)?.process.isAlive == true else {
                throw ClusterFailure("\(plan.name) ended while starting:\n\(logTail(plan.name))")
            }
            guard ContinuousClock.now < end else {
                throw ClusterFailure("\(plan.name) is not ready: \(health.detail)\n\(logTail(plan.name))")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// Asks it to end, waits, then kills it and all it started.
    func stop(_ name: String) async throws {
        guard let server = state.server(name) else { return }
        let family = server.process.family
        server.process.signal(server.stop.signal)
        // A paused process hears nothing until it goes on.
        for process in family { process.signal(SIGCONT) }
        if try await !server.process.waitForEnd(.seconds(server.stop.seconds)) {
            server.process.signalFamily(SIGKILL)
        }
        for process in family where try await !process.waitForEnd(.seconds(2)) {
            process.signal(SIGKILL)
            _ = try await process.waitForEnd(.seconds(5))
        }
    }

    /// Kills what runs in the folder but is not on record: servers and tools whose maker died before it could
    /// write or wait.
    func sweep() async throws {
        let programs = Set(
            state.programs.all.map { ($0 as NSString).lastPathComponent.prefix(Self.nameLimit) })
        let recorded = Set(state.servers.flatMap(\.process.family))
        for (pid, stat) in ProcessStat.all() where programs.contains(stat.name.prefix(Self.nameLimit)) {
            // Not readable for processes of others, who are none of ours then.
            guard let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd"),
                place.hasPrefix(path + "/"), let process = ProcessIdentity.of(pid),
                !recorded.contains(process)
            else { continue }
            process.signalFamily(SIGKILL)
            _ = try await process.waitForEnd(.seconds(5))
        }
    }

    /// Characters of a program's name that the kernel keeps.
    private static let nameLimit = 15

    func remove() throws {
        try FileManager.default.removeItem(atPath: path)
        // The standard folder around it, if this was its last cluster.
        let parent = (path as NSString).deletingLastPathComponent
        if parent == (LocalCluster.standardPath("any") as NSString).deletingLastPathComponent {
            rmdir(parent)
        }
    }
}
