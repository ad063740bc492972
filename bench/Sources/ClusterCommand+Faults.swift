import ArgumentParser
import Cluster

/// One server of a cluster.
struct ServerName: ParsableArguments {
    @Argument(help: "The server's name, as status shows it.") var name: String
    @Option(help: "The stage whose servers are meant.") var stage = "series-a"
    @Option(help: "Where the cluster lives.", completion: .directory) var directory: String?

    var cluster: LocalCluster {
        get throws { try LocalCluster.open(directory ?? LocalCluster.standardPath(stage)) }
    }
}

struct ClusterRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Stops a server if it runs, and starts it over its data.")
    @OptionGroup var server: ServerName
    func run() async throws { try await server.cluster.restart(server.name) }
}

struct ClusterKill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Kills a server and all its processes, as when its machine dies.")
    @OptionGroup var server: ServerName
    func run() async throws { try await server.cluster.kill(server.name) }
}

struct ClusterPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stops a server in its tracks: it stays connected and answers nothing.")
    @OptionGroup var server: ServerName
    func run() async throws { try await server.cluster.pause(server.name) }
}

struct ClusterResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets a paused server go on.")
    @OptionGroup var server: ServerName
    func run() async throws { try await server.cluster.resume(server.name) }
}

struct ClusterPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Makes a replica the primary in place of one that died.")
    @OptionGroup var server: ServerName
    func run() async throws { try await server.cluster.promote(server.name) }
}
