import Cluster
import Foundation
import Kernel
import Testing

@testable import Postgres

/// A server of one test's own, with passwords by SCRAM and with TLS, to be stopped, frozen and restarted.
struct PostgresPrivateServer: Sendable {
    private static let programs = "/usr/lib/postgresql/15/bin"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: programs + "/initdb") }

    let folder: String
    let port: Int

    /// Runs `body` with a fresh server, whose administrator `admin` has the password `secret`.
    static func with(_ body: (PostgresPrivateServer) async throws -> Void) async throws {
        let server = PostgresPrivateServer(
            folder: "/tmp/cloudstream-pg-\(UUIDv7())", port: try PortChoice.takeOne())
        do {
            try await server.make()
            try await body(server)
            await server.remove()
        } catch {
            await server.remove()
            throw error
        }
    }

    func url(_ password: String = "secret", _ options: String = "") -> String {
        "postgresql://admin:\(password)@127.0.0.1:\(port)/postgres\(options)"
    }

    var settings: PostgresSettings {
        PostgresSettings(
            url: url(), connections: 2, statementDeadline: .seconds(30), connectDeadline: .seconds(30),
            reconnect: Backoff(first: .milliseconds(20), maximum: .milliseconds(100)))
    }

    func server(_ change: (inout PostgresSettings) -> Void = { _ in }) throws -> PostgresServer {
        var settings = settings
        change(&settings)
        return try PostgresServer(
            address: ServerAddress(host: "127.0.0.1", port: port), settings: settings,
            placements: TenantPlacements())
    }

    func restart() async throws {
        try await shell("\(Self.programs)/pg_ctl -D \(folder)/data -m immediate -w -l \(folder)/log restart")
    }

    /// Stops all its processes without ending them, or lets them go on.
    func freeze(_ isFrozen: Bool) async throws {
        let parent = "$(head -1 \(folder)/data/postmaster.pid)"
        let signal = isFrozen ? "STOP" : "CONT"
        try await shell(
            "kill -\(signal) \(parent); for p in $(ps -o pid= --ppid \(parent)); do kill -\(signal) $p || true; done"
        )
    }

    private func make() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if getuid() == 0 { try await shell("chown postgres \(folder)", asRoot: true) }
        try await shell(
            """
            printf secret > \(folder)/password
            \(Self.programs)/initdb -D \(folder)/data -U admin --pwfile=\(folder)/password -A scram-sha-256 --no-sync \
                -E UTF8 --locale=C.UTF-8
            openssl req -new -x509 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
                -out \(folder)/data/server.crt -keyout \(folder)/data/server.key
            chmod 600 \(folder)/data/server.key
            cp \(folder)/data/server.crt \(folder)/root.crt
            cat >> \(folder)/data/postgresql.conf <<'END'
            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = ''
            shared_buffers = 16MB
            fsync = off
            ssl = on
            END
            \(Self.programs)/pg_ctl -D \(folder)/data -w -l \(folder)/log start
            """)
        try await shell("chmod 755 \(folder)")
    }

    private func remove() async {
        // One that does not run need not be stopped, and what is left in the temporary folder harms nothing.
        try? await freeze(false)
        try? await shell("\(Self.programs)/pg_ctl -D \(folder)/data -m immediate -w stop")
        try? FileManager.default.removeItem(atPath: folder)
    }
}
