import Foundation

/// What the folder remembers of its cluster: enough to start, ask, stop and remove it, also after its maker
/// died.
struct ClusterState: Sendable, Codable, Equatable {
    /// A started server.
    struct Server: Sendable, Codable, Equatable {
        let name: String
        let technology: String
        let port: Int
        let process: ProcessIdentity
        let startedAt: Date
        let log: String
        let version: String
        let program: String
        let stop: StopPlan
    }

    var format = 1
    var settings: ClusterSettings
    var account: ServerAccount?
    var secrets = ClusterSecrets()
    /// By purpose: a server's name, or that and a suffix.
    var ports: [String: Int]
    /// Where Debian's and the wheels' programs were found.
    var programs: ProgramPlaces
    /// In order of start.
    var servers: [Server] = []
    /// Steps done once in the life of the folder.
    var done: Set<String> = []
    /// The Postgres node that takes writes.
    var primary = "postgres-1"
    /// Holds the library that clients of the broker need.
    var libraryFolder: String?

    func server(_ name: String) -> Server? { servers.first { $0.name == name } }
}
