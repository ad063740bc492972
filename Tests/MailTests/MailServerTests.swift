import Cluster
import Foundation
import Kernel
import Logging
import NIOCore
import NIOPosix
import TestProcess
import TestTime
import Testing

@testable import SMTP

/// A real mail server of the test's own, with TLS and passwords.
@Suite(
    .serialized,
    .enabled(if: MailServer.program != nil, "CLOUDSTREAM_MAIL_SERVER names no program: see bench cluster up"))
struct MailServerTests {
    private func code(_ sender: SMTPMailSender, to: String = "ann@example.com") async -> String {
        do {
            try await sender.send(Letter(id: UUIDv7(), to: to, subject: "Grüße", body: "Hello.\n.\nBye."))
            return "sent"
        } catch {
            return Failure.wrapping(error).code
        }
    }

    @Test func `letters go by STARTTLS and a password, to a server that is known`() async throws {
        try await MailServer.with { server in
            let sender = try server.sender(
                "smtp://ann:s3cret@localhost:\(server.port)?ca=\(server.certificate)")
            for _ in 0..<3 { #expect(await code(sender) == "sent") }
            #expect(try server.letters().count == 3)
            #expect(await code(sender, to: "nobody@example.com") == "mail_refused")
            #expect(await code(sender, to: "later@example.com") == "mail_deferred")
            #expect(await code(sender) == "sent")
        }
    }

    @Test func `whoever is not known, or does not know the password, gets no letter`() async throws {
        try await MailServer.with { server in
            let wrong = try server.sender(
                "smtp://ann:wrong@localhost:\(server.port)?ca=\(server.certificate)")
            #expect(await code(wrong) == "mail_unusable")
            let stranger = try server.sender("smtp://ann:s3cret@localhost:\(server.port)")
            #expect(await code(stranger) == "unavailable")
            let plain = try server.sender("smtp://localhost:\(server.port)?tls=none")
            #expect(await code(plain) != "sent")
            #expect(try server.letters().isEmpty)
        }
    }

    @Test func `a server that dies and comes back gets the next letter`() async throws {
        try await MailServer.with { server in
            let sender = try server.sender(
                "smtp://ann:s3cret@localhost:\(server.port)?ca=\(server.certificate)")
            #expect(await code(sender) == "sent")
            try await server.stop()
            #expect(await code(sender) == "unavailable")
            try await server.start()
            #expect(await code(sender) == "sent")
        }
    }
}

/// Unchecked: tests use one from one task at a time.
final class MailServer: @unchecked Sendable {
    static let program = ProcessInfo.processInfo.environment["CLOUDSTREAM_MAIL_SERVER"]

    let port: Int
    let certificate: String
    private let folder: String
    private var process: ChildProcess?

    private init(port: Int, folder: String) {
        self.port = port
        self.folder = folder
        certificate = folder + "/certificate.pem"
    }

    static func with(_ body: (MailServer) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "mail-server-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }  // Temporary.
        let server = MailServer(port: try PortChoice.takeOne(), folder: folder)
        try await server.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "1",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                folder + "/key.pem", "-out", server.certificate,
            ])
        try await server.start()
        do {
            try await body(server)
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    func sender(_ url: String) throws -> SMTPMailSender {
        var settings = try SMTPSettings(url: url)
        settings.replyDeadline = .seconds(10)
        return try SMTPMailSender(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
    }

    func letters() throws -> [String] {
        // Made with the first letter.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/letters/new")) ?? []
        return names
    }

    func start() async throws {
        let process = try ChildProcess(
            try #require(Self.program),
            [
                "--port", "\(port)", "--folder", folder + "/letters", "--user", "ann", "--certificate",
                certificate, "--key", folder + "/key.pem",
            ], environment: ["MAIL_PASSWORD": "s3cret", "PATH": "/usr/bin:/bin"])
        self.process = process
        let end = ContinuousClock.now + .patience
        while process.isRunning, ContinuousClock.now < end {
            let connection = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            if let connection { return try await connection.close() }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the mail server did not start")
    }

    func stop() async throws {
        process?.signal(SIGKILL)
        _ = await process?.ended()
        process = nil
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let (end, output) = try await ChildProcess.run("/usr/bin/env", [program] + arguments)
        try #require(end == .exit(0), "\(program) failed: \(output)")
    }
}
