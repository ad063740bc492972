import ArgumentParser
import Foundation

/// Measures a stage against references in the same run, on this machine, taking turns.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures a stage of CloudStream against references in the same run.",
        discussion: "Ends with 1 when a run failed; with --strict also when a goal was not surely met.",
        subcommands: [ClusterCommand.self, StageCommand.self, CrowdCommand.self, RawWriterCommand.self])

    @Option(help: "Which topology: seed, or series-a on real servers.") var stage = BenchStage.seed
    @Option(help: "How often everything is run.") var rounds = 5
    @Flag(help: "Two rounds and shorter arms: to see that all works, not to conclude from.") var quick = false
    @Flag(help: "A goal that is missed, or not surely met, is a failure.") var strict = false
    @Option(help: "The repository.", completion: .directory) var repository = "."
    @Option(help: "The release build of the program; the one beside this by default.", completion: .file())
    var app: String?
    @Option(help: "A film to transcode instead of the generated one.", completion: .file()) var clip: String?
    @Option(
        help: ArgumentHelp(
            "Runs only this scenario of the stage; may be repeated.",
            discussion: BenchStage.allCases.map { "\($0.rawValue): \($0.scenarios.joined(separator: ", "))." }
                .joined(separator: "\n")))
    var only: [String] = []
    @Option(help: "Seconds that a transaction stays open beside the jobs of series-a.") var hold = 60

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100.") }
        guard FileManager.default.isExecutableFile(atPath: program.plainPath) else {
            throw ValidationError("\(program.plainPath) is missing: swift build -c release --product app")
        }
        guard (1...600).contains(hold) else { throw ValidationError("--hold must be 1 to 600.") }
        let names = stage.scenarios
        if let stranger = only.first(where: { !names.contains($0) }) {
            throw ValidationError(
                "There is no scenario \"\(stranger)\", only \(names.joined(separator: ", ")).")
        }
        if let clip, !FileManager.default.isReadableFile(atPath: clip) {
            throw ValidationError("\(clip) cannot be read.")
        }
    }

    mutating func run() async throws {
        let folder = URL(filePath: repository).absoluteURL
        let scratch = try Scratch(repository: folder)
        Children.endOnSignal(removing: scratch.root)
        let outcome: Result<Report, any Error>
        do { outcome = .success(try await measure(folder, scratch)) } catch { outcome = .failure(error) }
        await Children.leaveToSignal()
        try scratch.remove()
        let report = try outcome.get()
        let files = try report.write(to: folder.appending(path: "bench/results"))
        Output.line("\n\(report.table)\n\n\(report.summary)\n\(files.plainPath).{json,md}")
        for error in report.errors { Output.error("\(error.scenario), \(error.arm): \(error.message)") }
        if report.isFailure(isStrict: strict) { throw ExitCode.failure }
    }

    private func measure(_ folder: URL, _ scratch: Scratch) async throws -> Report {
        switch stage {
        case .seed:
            let clip = Clip(given: clip.map { URL(filePath: $0).absoluteURL }, scratch: scratch)
            return try await measure(folder, seed(folder, scratch, clip)) { ["clip: \(clip.description)"] }
        case .seriesA:
            return try await StageServers.with(repository: folder, scratch: scratch) { servers in
                try await measure(folder, seriesA(folder, servers)) { try await servers.versions }
            }
        }
    }

    /// `subjects` is asked at the end: some of them are made on the way.
    private func measure(
        _ folder: URL, _ all: [any Scenario], subjects: () async throws -> [String]
    ) async throws -> Report {
        let thresholds = try Thresholds(file: folder.appending(path: stage.thresholds))
        let strangers = thresholds.strangers(to: all.flatMap(\.rows))
        guard strangers.isEmpty else { throw RunFailure("thresholds without a row: \(strangers)") }
        let (start, watch) = (Date(), Stopwatch())
        let machine = Machine.describe(repository: folder)
        var rounds = Rounds(all.filter { only.isEmpty || only.contains($0.name) }, progress: Output.progress)
        let count = quick ? min(self.rounds, 2) : self.rounds
        try await rounds.run(count)
        return Report(
            stage: stage, startedAt: start, seconds: watch.wall, rounds: count,
            subjects: try await subjects(),
            machine: machine, rows: rounds.lines(thresholds), readings: rounds.readings, errors: rounds.errors
        )
    }

    private func seed(_ folder: URL, _ scratch: Scratch, _ clip: Clip) -> [any Scenario] {
        let chat = SeedChat(app: program, repository: folder)
        return [
            TranscodeLadder(clip: clip, scratch: scratch, worker: .init(executable: program.plainPath)),
            Noise(clip: clip, scratch: scratch),
            DurableWrites(scratch: scratch, duration: quick ? .seconds(1) : .seconds(2)),
            StartUp(app: program, repository: folder, scratch: scratch, idle: .seconds(5)),
            Deliveries.oneServer(chat, scratch: scratch, duration: quick ? .seconds(2) : .seconds(4)),
            IdleSockets(seed: chat, scratch: scratch, calm: quick ? .seconds(2) : .seconds(5)),
            FanOutCost(seed: chat, scratch: scratch, messages: quick ? 20 : 50),
            FeedReads(
                app: program, repository: folder, scratch: scratch,
                duration: quick ? .seconds(2) : .seconds(5)),
            MessageSearch(scratch: scratch, messages: quick ? 50_000 : 1_000_000),
        ]
    }

    private func seriesA(_ folder: URL, _ servers: StageServers) -> [any Scenario] {
        let duration: Duration = quick ? .milliseconds(500) : .seconds(2)
        let launcher = AppLauncher(app: program, repository: folder, servers: servers)
        return [
            SingleSelects(servers: servers, duration: duration),
            PipelinedSelects(servers: servers, duration: duration),
            PooledTransactions(servers: servers, duration: duration),
            ReplicaReads(servers: servers, duration: duration * 2),
            RedisReads(servers: servers, duration: duration),
            EventAppends(servers: servers, duration: quick ? .milliseconds(500) : .milliseconds(1500)),
            JobRuns(servers: servers, duration: duration * 2),
            HeldJobRuns(servers: servers, duration: quick ? .seconds(2) : .seconds(hold)),
            ProcessFleet(launcher, duration: quick ? duration : duration * 2),
            GatewayHop(launcher, duration: quick ? duration : duration * 2),
            Deliveries.twoServers(launcher, duration: quick ? .seconds(2) : .seconds(4)),
        ]
    }

    private var program: URL {
        if let app { return URL(filePath: app).absoluteURL }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "app")
    }
}

/// Text for the person at the terminal.
enum Output {
    static func line(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
    static func progress(_ text: String) { error(text) }
}
