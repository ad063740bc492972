import ArgumentParser
import Cluster
import Foundation

/// A whole stage on this machine: its servers, and the processes of the product over them.
struct StageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "A stage on this machine: its servers, and the processes over them.",
        subcommands: [StageUp.self, StageDown.self, StageStatus.self, StageRoll.self])
}

struct StageUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Starts servers and processes, keeps them alive, and ends all on Ctrl-C.",
        discussion: "A cluster that ran before is used, and left running at the end.")

    @OptionGroup var options: ClusterOptions
    @OptionGroup var servers: ServerOptions
    @Option(help: "The program; the one beside this by default.", completion: .file()) var app: String?
    @Option(help: "The checkout.", completion: .directory) var repository: String?
    @Option(help: "What browsers talk to; the processes get the next free ports.") var port = 8080
    @Option(name: .customLong("set"), help: "Overrides a key of the profile, for all processes: key=value.")
    var overrides: [String] = []
    @Flag(help: "Leaves the servers running at the end.") var keepCluster = false

    func run() async throws {
        let signals = SignalStream([SIGINT, SIGTERM, SIGHUP])
        guard let plan = StagePlan.named(options.stage) else { return }
        let places = try RepositoryPlaces(root: repository)
        let rise = try await LocalCluster.up(try servers.settings(), in: options.path, repository: places)
        Output.line(ServerTable(try await rise.cluster.status()).text)
        var settings = Stage.Settings(app: program, repository: places)
        settings.plan = plan
        settings.firstPort = port
        settings.overrides = try parsedOverrides()
        let keepsCluster = keepCluster || rise.started.isEmpty
        do {
            let stage = try await Stage(settings, over: rise.cluster) { Output.line($0) }
            try stage.claimSupervision()
            try await serve(stage, until: signals)
            try await stage.stop()
        } catch {
            if !keepsCluster { try await rise.cluster.down() }
            throw error
        }
        if !keepsCluster { try await rise.cluster.down() }
        Output.line("Stopped.")
    }

    /// Ends with the first SIGINT or SIGTERM, or with a failure to start.
    private func serve(_ stage: Stage, until signals: SignalStream) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                do {
                    try await stage.start()
                } catch {
                    try await stage.stop()
                    throw error
                }
                Output.line("\n\(stage.url)\n\nLogs: \(stage.path)/logs. Ctrl-C stops all.")
                try await stage.supervise()
            }
            group.addTask {
                for await signal in signals.stream {
                    guard signal == SIGHUP else { return }
                    Output.line("Restarting one process after the other.")
                    do { try await stage.rollingRestart() } catch let failure as ClusterFailure {
                        Output.error("\(failure)")
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func parsedOverrides() throws -> [String: String] {
        var values: [String: String] = [:]
        for text in overrides {
            guard let equals = text.firstIndex(of: "=") else {
                throw ValidationError("--set \(text): must be key=value.")
            }
            values[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return values
    }

    private var program: String {
        if let app { return URL(filePath: app).absoluteURL.path(percentEncoded: false) }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appending(path: "app").path(
            percentEncoded: false)
    }
}

struct StageDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Ends a stage, also one whose terminal is gone, and its servers.")

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let existed = try await LocalCluster.down(options.path)
        Output.line(existed ? "Stopped." : "There is no stage in \(options.path).")
    }
}

struct StageStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Asks servers and processes; ends with 1 if one is down.")

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let servers = try await LocalCluster.open(options.path).status()
        let processes = try await Stage.status(options.path)
        Output.line(ServerTable(servers + processes).text)
        guard !processes.isEmpty, (servers + processes).allSatisfy(\.isHealthy) else {
            throw ExitCode.failure
        }
    }
}

struct StageRoll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll", abstract: "Has every process restarted, one after the other.")

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        guard let supervisor = Stage.supervisor(options.path), supervisor.signal(SIGHUP) else {
            throw ValidationError("No stage runs in \(options.path).")
        }
    }
}

/// Signals as values; from its making on, they no longer end the process.
final class SignalStream: Sendable {
    let stream: AsyncStream<Int32>
    // Kept alive with this object, and only cancelled: `DispatchSourceSignal` is not marked as Sendable here.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init(_ numbers: [Int32]) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Int32.self, bufferingPolicy: .bufferingNewest(8))
        self.stream = stream
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}
