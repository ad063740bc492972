import ArgumentParser
import Foundation

/// A crowd in a process of its own, the same for whatever serves it. Only the bench itself calls this.
struct CrowdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crowd", abstract: "Listens and sends as a crowd, and tells what came.",
        shouldDisplay: false)

    @Option var port: Int
    /// Where the senders are.
    @Option var senderPort: Int
    @Option var token = ""
    @Option var room: String
    @Option var listeners: Int
    @Option var senders: Int
    /// Messages under way in a closed loop; 0 for an open one.
    @Option var underWay = 0
    @Option var perSecond = 0.0
    @Option var milliseconds: Int

    func run() async throws {
        let outcome = try await onThread { try load() }
        Output.line(String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self))
    }

    private func load() throws -> CrowdRun.Outcome {
        let crowd = try Crowd()
        let place = ChatPlace(port: port, token: token, room: room)
        try crowd.addListeners(listeners, to: place)
        var sending = place
        sending.port = senderPort
        try crowd.addSenders(senders, to: sending)
        // Who came and went is told to all at first.
        try crowd.linger(CrowdRun.calm)
        let duration = Duration.milliseconds(milliseconds)
        var outcome = CrowdRun.Outcome()
        if underWay > 0 {
            outcome.rate = try crowd.closedLoop(
                underWay: underWay, warmUp: CrowdRun.warmUp, duration: duration)
        } else {
            let latencies = try crowd.openLoop(
                perSecond: perSecond, warmUp: CrowdRun.warmUp, duration: duration)
            outcome.latency99 = Stats.percentile(99, of: latencies)
        }
        outcome.messageBytes = crowd.messageBytes
        return outcome
    }
}

/// How a crowd is run against a server, and what it tells.
struct CrowdRun: Sendable {
    struct Outcome: Codable, Sendable {
        var rate: Double?
        var latency99: Double?
        var messageBytes = 0
    }

    enum Load: Sendable {
        case closed(underWay: Int)
        case open(perSecond: Double)
    }

    static let calm = Duration.milliseconds(1_500)
    static let warmUp = Duration.milliseconds(500)

    var listeners = 1_000
    var place: ChatPlace
    /// Of the server that the senders speak to.
    var senderPort: Int
    var load: Load
    var duration: Duration

    func run(in scratch: Scratch) async throws -> Outcome {
        let output = try await scratch.withFolder { folder in
            try await Program(executable: Self.executable, arguments: arguments, folder: folder).output()
        }
        let line = output.split(separator: "\n").last ?? ""
        do {
            return try JSONDecoder().decode(Outcome.self, from: Data(line.utf8))
        } catch {
            throw RunFailure("the crowd told nothing: \(output.suffix(300))")
        }
    }

    private var arguments: [String] {
        let milliseconds = Int(duration / .milliseconds(1))
        let common = [
            "crowd", "--port", "\(place.port)", "--sender-port", "\(senderPort)", "--room", place.room,
            "--token", place.token, "--listeners", "\(listeners)", "--milliseconds", "\(milliseconds)",
        ]
        return switch load {
        case .closed(let underWay): common + ["--senders", "\(underWay)", "--under-way", "\(underWay)"]
        case .open(let rate): common + ["--senders", "8", "--per-second", "\(rate)"]
        }
    }

    /// This program.
    static var executable: String { "/proc/\(getpid())/exe" }
}
