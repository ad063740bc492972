import Cluster
import Foundation
import Kernel
import TestProcess
import Testing

@testable import Redis

/// Encrypted connections, with certificates made for the test.
@Suite(
    .enabled(
        if: RedisServer.isInstalled && RedisServer.isOpenSSLInstalled,
        "redis-server or openssl is not installed"),
    .timeLimit(.minutes(5)))
struct RedisTLSTests {
    /// A self-signed certificate for this machine.
    private func makeCertificate(_ name: String, in folder: URL) async throws {
        let (end, output) = try await ChildProcess.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                folder.appending(path: "\(name).key").path, "-out",
                folder.appending(path: "\(name).pem").path,
            ])
        try #require(end == .exit(0), "\(output)")
    }

    private func withTLS(
        clientsNeedCertificates: Bool = false, _ test: (RedisServer, _ port: Int) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "redis-tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What is left in a temporary folder harms nobody.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await makeCertificate("server", in: folder)
        let port = try PortChoice.takeOne()
        let server = try await RedisServer.start([
            "--tls-port", "\(port)", "--tls-cert-file", folder.appending(path: "server.pem").path,
            "--tls-key-file",
            folder.appending(path: "server.key").path, "--tls-ca-cert-file",
            folder.appending(path: "server.pem").path,
            "--tls-auth-clients", clientsNeedCertificates ? "yes" : "no", "--requirepass", "secret",
        ])
        defer { server.remove() }
        try FileManager.default.copyItem(
            at: folder.appending(path: "server.pem"), to: server.folder.appending(path: "server.pem"))
        try FileManager.default.copyItem(
            at: folder.appending(path: "server.key"), to: server.folder.appending(path: "server.key"))
        try await test(server, port)
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `values pass an encrypted line, when the certificate is trusted and has the name`(_ host: String)
        async throws
    {
        try await withTLS { server, port async throws in
            var settings = server.settings
            settings.url = "rediss://:secret@\(host):\(port)?ca=\(server.folder.path)/server.pem"
            try await withClient(settings) { client async throws in
                let cache = RedisCache(client: client)
                let value = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                try await cache.set("k", value, lifetime: .seconds(60))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<32 {
                        group.addTask { () async throws in #expect(try await cache.get("k") == value) }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        try await withTLS { server, port async throws in
            var settings = server.settings
            settings.url = "rediss://:secret@localhost:\(port)"
            try await withClient(settings) { client async throws in
                let failure = await failure { try await client.ping() }
                #expect(failure?.code == "unavailable")
                let text = failure?.description.lowercased() ?? ""
                #expect(text.contains("certificate"))
            }
        }
    }

    @Test func `a client shows its certificate where one is asked for`() async throws {
        try await withTLS(clientsNeedCertificates: true) { server, port async throws in
            let folder = server.folder.path
            var settings = server.settings
            settings.url = "rediss://:secret@localhost:\(port)?ca=\(folder)/server.pem"
            try await withClient(settings) { client async throws in
                #expect(await failure { try await client.ping() }?.code == "unavailable")
            }
            settings.url += "&cert=\(folder)/server.pem&key=\(folder)/server.key"
            try await withClient(settings) { client async throws in try await client.ping() }
        }
    }

    @Test func `a plain server is no encrypted one, and the other way round`() async throws {
        try await withTLS { server, port async throws in
            for url in ["rediss://:secret@localhost:\(server.port)", "redis://:secret@localhost:\(port)"] {
                var settings = server.settings
                settings.url = url
                settings.connectDeadline = .seconds(5)
                try await withClient(settings) { client async throws in
                    #expect(await failure { try await client.ping() }?.code == "unavailable")
                }
            }
        }
    }

    @Test func `a certificate that cannot be read is told at once`() async throws {
        var settings = RedisSettings(url: "rediss://localhost?ca=/nowhere.pem")
        settings.connectDeadline = .seconds(1)
        #expect(await failure { try await withClient(settings) { _ in } }?.code == "invalid_redis_url")
    }
}
