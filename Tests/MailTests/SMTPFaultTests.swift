import Kernel
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestDatabase
import TestTime
import Testing

@testable import SMTP

/// Letters over servers that stall, refuse, hang up and lie.
@Suite struct SMTPFaultTests {
    private func sender(
        _ server: ScriptedServer, _ change: (inout SMTPSettings) -> Void = { _ in }
    ) throws -> SMTPMailSender {
        var settings = try SMTPSettings(url: "smtp://127.0.0.1:\(server.port)?tls=none")
        settings.connectDeadline = .patience
        change(&settings)
        return try SMTPMailSender(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
    }

    private func letter(_ body: String = "Hello.") -> Letter {
        Letter(id: UUIDv7(), to: "ann@example.com", subject: "Hi", body: body)
    }

    private func code(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "sent"
        } catch {
            return Failure.wrapping(error).code
        }
    }

    @Test func `letters share a connection, and dots of theirs end none of them`() async throws {
        try await ScriptedServer.with(ScriptedServer.good) { server in
            let sender = try sender(server)
            for _ in 0..<5 { try await sender.send(letter("one\n.\n.two\n")) }
            #expect(server.connections == 1)
            #expect(server.lines.count { $0 == "." } == 5)
            #expect(server.lines.count { $0 == ".." } == 5)
        }
    }

    @Test func `no more connections than allowed are open, and the rest of the letters wait`() async throws {
        try await ScriptedServer.with(ScriptedServer.good) { server in
            let sender = try sender(server) { $0.connections = 2 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try await sender.send(letter()) } }
                try await group.waitForAll()
            }
            #expect(server.connections <= 2)
            #expect(server.lines.count { $0 == "." } == 20)
        }
    }

    @Test(arguments: ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
    func `a server that stalls is left after a while, at every step`(_ step: String) async throws {
        try await ScriptedServer.with { line, _ in
            line.prefix(4) == step ? .stall : .say(ScriptedServer.reply(to: line))
        } _: { server in
            let sender = try sender(server) {
                $0.replyDeadline = .milliseconds(400)
                $0.letterDeadline = .seconds(3_600)
            }
            #expect(await code { try await sender.send(letter()) } == "timeout")
        }
    }

    @Test func `a letter has a deadline of its own, however patient each reply is`() async throws {
        try await ScriptedServer.with { line, _ in
            line == "." ? .stall : .say(ScriptedServer.reply(to: line))
        } _: { server in
            let sender = try sender(server) {
                $0.replyDeadline = .seconds(3_600)
                $0.letterDeadline = .milliseconds(400)
            }
            #expect(await code { try await sender.send(letter()) } == "timeout")
        }
    }

    @Test(arguments: ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
    func `a server that hangs up may be tried again, at every step`(_ step: String) async throws {
        try await ScriptedServer.with { line, _ in
            line.prefix(4) == step ? .hangUp : .say(ScriptedServer.reply(to: line))
        } _: { server in
            #expect(await code { try await sender(server).send(letter()) } == "unavailable")
        }
    }

    @Test(arguments: [
        ("RCPT", "550 who?", "mail_refused"), ("RCPT", "450 later", "mail_deferred"),
        (".", "554 spam", "mail_refused"), ("MAIL", "421 bye", "mail_deferred"),
        ("MAIL", "530 who are you?", "mail_unusable"), ("MAIL", "553 no such sender", "mail_unusable"),
        ("EHLO", "500 what?", "mail_unusable"), ("MAIL", "nonsense", "unavailable"),
    ])
    func `a no is told apart from a later, and the next letter has a connection of its own`(
        _ step: String, _ answer: String, _ expected: String
    ) async throws {
        try await ScriptedServer.with { line, connection in
            let isBad = connection == 1 && line.prefix(4) == step
            return .say(isBad ? answer + "\r\n" : ScriptedServer.reply(to: line))
        } _: { server in
            let sender = try sender(server)
            #expect(await code { try await sender.send(letter()) } == expected)
            try await sender.send(letter())
            #expect(server.connections == 2)
        }
    }

    @Test func `a kept connection that the server gave up costs no letter`() async throws {
        try await ScriptedServer.with { line, connection in
            // Of the first connection only one letter is taken: then it ends as the next one begins.
            let isSecond = connection == 1 && line.hasPrefix("MAIL") && taken.add() > 1
            return isSecond ? .hangUp : .say(ScriptedServer.reply(to: line))
        } _: { server in
            let sender = try sender(server)
            for _ in 0..<3 { try await sender.send(letter()) }
            #expect(server.connections == 2)
            #expect(server.lines.count { $0 == "." } == 3)
        }
    }

    private let taken = Count()

    private final class Count: Sendable {
        private let value = Mutex(0)

        func add() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    @Test func `a caller that gives up ends the conversation`() async throws {
        try await ScriptedServer.with { line, _ in
            line == "." ? .stall : .say(ScriptedServer.reply(to: line))
        } _: { server in
            let sender = try sender(server) {
                $0.replyDeadline = .seconds(3_600)
                $0.letterDeadline = .seconds(3_600)
            }
            let task = Task { try await sender.send(letter()) }
            #expect(try await eventually { server.lines.contains(".") })
            task.cancel()
            #expect(await code { try await task.value } == "cancelled")
        }
    }

    @Test func `a server that is not at the first of its addresses is found at the next`() async throws {
        try await ScriptedServer.with(ScriptedServer.good) { server in
            let settings = try SMTPSettings(url: "smtp://mail.example.com:\(server.port)?tls=none")
            let group = MultiThreadedEventLoopGroup.singleton
            // Nobody listens at the first.
            let addresses = try ["127.0.0.2", "127.0.0.1"].map {
                try SocketAddress(ipAddress: $0, port: server.port)
            }
            let link = try await SMTPLink.connect(
                settings, tls: nil, name: "example.com", group: group,
                resolver: Addresses(all: addresses, loop: group.next()))
            try await link.send(MailText(letter(), from: MailAddress("team@example.com"), at: .now()))
            link.close()
            #expect(server.connections == 1)
            #expect(server.lines.count { $0 == "." } == 1)
        }
    }

    /// A name with these addresses.
    private struct Addresses: Resolver, Sendable {
        let all: [SocketAddress]
        let loop: any EventLoop

        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            loop.makeSucceededFuture(all)
        }

        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            loop.makeSucceededFuture([])
        }

        func cancelQueries() {}
    }

    @Test func `nobody who listens is an absence that may pass`() async throws {
        let settings = try SMTPSettings(url: "smtp://127.0.0.1:9?tls=none")
        let sender = try SMTPMailSender(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        #expect(await code { try await sender.send(letter()) } == "unavailable")
    }
}
