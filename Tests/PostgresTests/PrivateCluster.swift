import Cluster
import Foundation
import Kernel
import Relational
import Testing

@testable import Postgres

/// A primary and replicas of one test's own: in a temporary folder, as a user without rights, to be ill-treated.
///
/// Server 0 begins as the primary. Role `app` may use what the tests make, `admin` may do all.
final class PrivateCluster: Sendable {
    static let programs = "/usr/lib/postgresql/15/bin"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: programs + "/initdb") }

    let folder: String
    let ports: [Int]
    /// Of each server, as `admin`.
    let consoles: [PostgresServer]

    /// The one of the test or suite that runs.
    @TaskLocal static var current: PrivateCluster?

    /// Starts a primary and `replicas` that stream from it; with `isSynchronous` a commit waits for any one of them.
    static func start(replicas: Int = 2, isSynchronous: Bool = true) async throws -> PrivateCluster {
        let folder = "/tmp/cloudstream-pg-\(UUIDv7())"
        let ports = try (0...replicas).map { _ in try PortChoice.takeOne() }
        let cluster = try PrivateCluster(folder, ports: ports)
        do {
            try await cluster.make(isSynchronous: isSynchronous)
            return cluster
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private init(_ folder: String, ports: [Int]) throws {
        self.folder = folder
        self.ports = ports
        consoles = try ports.map { port in
            var settings = PostgresSettings(
                url: "postgresql://admin@127.0.0.1:\(port)/postgres", connections: 1)
            settings.reconnect = Backoff(first: .milliseconds(5), maximum: .milliseconds(20))
            return try PostgresServer(
                address: ServerAddress(host: "127.0.0.1", port: port), settings: settings,
                placements: TenantPlacements())
        }
    }

    /// Of the application's role, all servers.
    var url: String {
        "postgresql://app@" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",") + "/postgres"
    }

    /// Rows of `sql` as `admin` on one server, which may write.
    @discardableResult
    func ask(_ sql: String, on server: Int = 0) async throws -> [[String?]] {
        try await consoles[server].write(.system) { try Self.rows(sql, $0) }.value
    }

    /// Rows of `sql` as `admin` on a replica.
    @discardableResult
    func askReplica(_ sql: String, on server: Int) async throws -> [[String?]] {
        try await consoles[server].read(.system) { try Self.rows(sql, $0) }.value
    }

    private static func rows(_ sql: String, _ connection: any SQLConnection) throws -> [[String?]] {
        guard let transaction = connection as? PostgresTransaction else {
            // Only to find out what the body asks: more than a single statement.
            try connection.script("")
            return []
        }
        return try transaction.rows(sql)
    }

    // MARK: Ill-treatment

    /// All its processes at once, as if its machine had died: none answers what it was doing.
    func kill(_ server: Int) async throws {
        try await shell("P=$(head -1 \(node(server))/postmaster.pid); kill -9 $P $(ps -o pid= --ppid $P)")
        _ = try await soon { !Self.isListening(ports[server]) }
    }

    /// All its processes stand still, and its connections stay open, until `resume`.
    func pause(_ server: Int) async throws {
        try await shell("P=$(head -1 \(node(server))/postmaster.pid); kill -STOP $P $(ps -o pid= --ppid $P)")
    }

    func resume(_ server: Int) async throws {
        try await shell("P=$(head -1 \(node(server))/postmaster.pid); kill -CONT $P $(ps -o pid= --ppid $P)")
    }

    /// Starts a server that was killed, as it was.
    func start(_ server: Int) async throws {
        try await shell(
            """
            rm -f \(node(server))/postmaster.pid
            \(Self.programs)/pg_ctl -D \(node(server)) -o '-p \(ports[server])' -l \(folder)/n\(server).log -W start
            """)
        _ = try await soon { Self.isListening(ports[server]) }
        _ = try await soon { try await isAnswering(server) }
    }

    func promote(_ server: Int) async throws {
        try await shell("\(Self.programs)/pg_ctl -D \(node(server)) -w -t 30 promote")
    }

    /// Lets a running replica stream from another primary.
    func follow(_ primary: Int, from server: Int) async throws {
        try await change("primary_conninfo", stream(from: primary, to: server), on: server)
    }

    /// Changes a setting of a server that runs or stands still.
    func change(_ name: String, _ value: String, on server: Int) async throws {
        let escaped = value.replacingOccurrences(of: "'", with: "''")
        try await shell(
            """
            echo "\(name) = '\(escaped)'" >> \(node(server))/postgresql.auto.conf
            \(Self.programs)/pg_ctl -D \(node(server)) reload || true
            """)
    }

    func stop() async {
        for console in consoles { await console.close() }
        for server in ports.indices {
            // What does not run need not be stopped.
            try? await shell("\(Self.programs)/pg_ctl -D \(node(server)) -m immediate -w stop")
        }
        // A folder left in the temporary one harms nothing.
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Making

    private func node(_ server: Int) -> String { "\(folder)/n\(server)" }

    private func stream(from primary: Int, to server: Int) -> String {
        "host=127.0.0.1 port=\(ports[primary]) user=admin application_name=n\(server)"
    }

    /// Replicas begin as copies of the primary before it was ever started.
    private func make(isSynchronous: Bool) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if getuid() == 0 { try await shell("chown postgres \(folder)", asRoot: true) }
        let names = ports.indices.map { "n\($0)" }.joined(separator: ", ")
        // Nothing here must outlive the machine, so nothing is synced; killed processes lose nothing by that.
        var script = """
            \(Self.programs)/initdb -D \(node(0)) -U admin -A trust --no-sync -E UTF8 --locale=C.UTF-8 --wal-segsize=4
            cat >> \(node(0))/postgresql.conf <<'END'
            listen_addresses = '127.0.0.1'
            unix_socket_directories = ''
            shared_buffers = 32MB
            max_connections = 120
            fsync = off
            wal_keep_size = 512MB
            wal_retrieve_retry_interval = 100ms
            max_standby_streaming_delay = 1s
            synchronous_standby_names = '\(isSynchronous ? "ANY 1 (\(names))" : "")'
            END

            """
        for server in ports.indices.dropFirst() {
            script += """
                cp -r \(node(0)) \(node(server))
                touch \(node(server))/standby.signal
                echo "primary_conninfo = '\(stream(from: 0, to: server))'" >> \(node(server))/postgresql.auto.conf

                """
        }
        try await shell(script)
        for server in ports.indices { try await start(server) }
        try await ask("create role app login", on: 0)
        try await ask("grant pg_read_all_stats to app", on: 0)
        try await ask("alter default privileges in schema public grant all on tables to app", on: 0)
    }

    private func isAnswering(_ server: Int) async throws -> Bool {
        do {
            _ = try await consoles[server].probe(within: .seconds(1))
            return true
        } catch {
            return false
        }
    }

    private static func isListening(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Gives a suite or test a private cluster, `PrivateCluster.current`, and removes it afterwards.
struct PrivateClusterTrait: SuiteTrait, TestTrait, TestScoping {
    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let cluster = try await PrivateCluster.start()
        do {
            try await PrivateCluster.$current.withValue(cluster) { try await body() }
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }
}

extension Trait where Self == PrivateClusterTrait {
    static var privateCluster: Self { Self() }
}
