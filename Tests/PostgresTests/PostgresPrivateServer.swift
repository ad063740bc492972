import Foundation
import Kernel
import Testing

@testable import Postgres

/// A server of one test's own, with passwords by SCRAM and with TLS, to be stopped, frozen and restarted.
struct PostgresPrivateServer: Sendable {
    private struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    private static let programs = "/usr/lib/postgresql/15/bin"
    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: programs + "/initdb") }

    let folder: String
    let port: Int

    /// Runs `body` with a fresh server, whose administrator `admin` has the password `secret`.
    static func with(_ body: (PostgresPrivateServer) async throws -> Void) async throws {
        let server = PostgresPrivateServer(
            folder: "/tmp/cloudstream-pg-\(UUIDv7())", port: Int.random(in: 21_100..<21_900))
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
            url: url(), connections: 2, statementDeadline: .seconds(2), connectDeadline: .seconds(1),
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

    /// Runs `script` as the server's user, on a thread of its own; the server keeps no file of the test's open.
    private func shell(_ script: String, asRoot: Bool = false) async throws {
        let prelude = """
            for file in /proc/$$/fd/*; do n=${file##*/}; if [ "$n" -gt 2 ]; then eval "exec $n>&-"; fi; done
            exec > /dev/null 2>&1 < /dev/null
            set -e
            cd /

            """
        let isUser = getuid() == 0 && !asRoot
        let arguments = (isUser ? ["-u", "postgres", "--", "bash"] : []) + ["-c", prelude + script]
        let program = isUser ? "/usr/sbin/runuser" : "/bin/bash"
        let status = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Self.run(program, arguments)) }
        }
        guard status == 0 else { throw Failed(description: "exit \(status) of: \(script)") }
    }

    /// Foundation's own way reads past its buffer where this process has more than about 1,300 files open, as it has
    /// while other suites run beside this one.
    private static func run(_ program: String, _ arguments: [String]) -> Int32 {
        var pointers = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, program, nil, nil, &pointers, environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
