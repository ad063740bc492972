import ArgumentParser
import Cluster
import Foundation

/// Starts, asks and stops the real servers of a stage.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Real servers as child processes in a folder: Postgres with replicas, Redis, Kafka, S3.",
        subcommands: [
            ClusterUp.self, ClusterDown.self, ClusterStatus.self, ClusterRestart.self, ClusterKill.self,
            ClusterPause.self, ClusterResume.self, ClusterPromote.self,
        ])
}

/// Which cluster.
struct ClusterOptions: ParsableArguments {
    @Argument(help: "The stage whose servers are meant.") var stage = "series-a"
    @Option(
        help: "Where the cluster lives; a folder among the temporary ones by default.", completion: .directory
    )
    var directory: String?

    static let stages = ["series-a"]

    var path: String { directory ?? LocalCluster.standardPath(stage) }

    func validate() throws {
        guard Self.stages.contains(stage) else {
            throw ValidationError(
                "There is no stage \"\(stage)\", only \(Self.stages.joined(separator: ", ")).")
        }
    }
}

struct ClusterUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Starts the servers, waits until all answer, and leaves them running.",
        discussion: "On a cluster that runs it changes nothing; on one that died it starts over its data.")

    @OptionGroup var options: ClusterOptions
    @OptionGroup var servers: ServerOptions
    @Option(help: "The checkout whose scripts fetch what Debian lacks.", completion: .directory)
    var repository: String?

    func run() async throws {
        let begin = ContinuousClock.now
        let places = try repository.map { try RepositoryPlaces(root: $0) }
        let rise = try await LocalCluster.up(try servers.settings(), in: options.path, repository: places)
        let cluster = rise.cluster
        Output.line(ServerTable(try await cluster.status()).text)
        if rise.started.isEmpty {
            Output.line("All of it ran already; nothing was changed.")
        } else {
            let seconds = Double((ContinuousClock.now - begin) / .milliseconds(100)).rounded() / 10
            Output.line("Started \(rise.started.count) servers in \(seconds) s.")
        }
        Output.line("set -a; . \(cluster.environmentPath); set +a")
    }
}

/// Which servers, and how many.
struct ServerOptions: ParsableArguments {
    @Option(help: "Streaming replicas of Postgres.") var replicas = 2
    // No `--only`: that is an option of `bench` itself, which takes it wherever it stands.
    @Option(help: "These alone, separated by commas: postgres, redis, kafka, s3, smtp.") var servers: String?
    @Option(help: "single, sentinel or cluster.") var redis = "single"
    @Option(help: "rclone or radosgw.") var s3 = "rclone"
    @Flag(help: "PgBouncer before the primary, too.") var pgbouncer = false
    @Flag(name: .customLong("async"), help: "No commit waits for a replica.") var isAsynchronous = false
    @Option(help: "Ports are taken upwards from here.") var firstPort: Int?

    func settings() throws -> ClusterSettings {
        var settings = ClusterSettings()
        if let servers {
            settings.technologies = Set(
                try servers.split(separator: ",").map { try Self.word(String($0), "--servers") })
        }
        settings.replicas = replicas
        settings.redis = try Self.word(redis, "--redis")
        settings.s3 = try Self.word(s3, "--s3")
        settings.hasPgBouncer = pgbouncer
        settings.isSynchronous = !isAsynchronous
        settings.firstPort = firstPort
        return settings
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String, _ option: String
    ) throws -> Word {
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(option): \"\(text)\" is none of \(known).")
        }
        return word
    }
}

struct ClusterDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the servers and removes their folder.")

    @OptionGroup var options: ClusterOptions
    @Flag(help: "Keeps the folder, for a later up.") var keep = false

    func run() async throws {
        let existed = try await LocalCluster.down(options.path, keepsData: keep)
        Output.line(existed ? "Stopped." : "There is no cluster in \(options.path).")
    }
}

struct ClusterStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Asks each server in its protocol; ends with 1 if one is down.")

    @OptionGroup var options: ClusterOptions
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let status = try await LocalCluster.open(options.path).status()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            Output.line(String(decoding: try encoder.encode(status), as: UTF8.self))
        } else {
            Output.line(ServerTable(status).text)
        }
        guard status.allSatisfy(\.isHealthy) else { throw ExitCode.failure }
    }
}
