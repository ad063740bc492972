import Kernel
import Testing

@testable import SMTP

/// What is said to a mail server, without one.
@Suite struct SMTPConversationTests {
    private static let settings = try? SMTPSettings(url: "smtp://localhost?tls=none")
    private let letter: MailText

    init() throws {
        let sender = try MailAddress("Team <team@example.com>")
        let letter = Letter(id: UUIDv7(), to: "ann@example.com", subject: "Hi", body: ".dot\nline")
        self.letter = try MailText(letter, from: sender, at: .now())
    }

    private func conversation(_ url: String = "smtp://localhost?tls=none") throws -> SMTPConversation {
        SMTPConversation(try SMTPSettings(url: url), name: "example.com")
    }

    /// What is written, as text, and the other actions by name.
    private func said(_ actions: [SMTPConversation.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .write(let bytes): String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "|")
            case .secure: "secure"
            case .ready: "ready"
            case .taken: "taken"
            case .failed(let failure):
                "\(failure.kind) \(failure.wasBegun ? "" : "not begun ")\(failure.reason)"
            case .close: "close"
            }
        }
    }

    private func hear(
        _ conversation: inout SMTPConversation, _ code: Int, _ lines: String...
    ) -> [String] {
        said(conversation.handle(.reply(SMTPReply(code, lines))))
    }

    private func ready() throws -> SMTPConversation {
        var conversation = try conversation()
        _ = hear(&conversation, 220, "hello")
        _ = hear(&conversation, 250, "mail.example.com", "SIZE 10000")
        return conversation
    }

    @Test func `a letter is handed over, and then another`() throws {
        var conversation = try conversation()
        #expect(hear(&conversation, 220, "mail.example.com ESMTP") == ["EHLO example.com|"])
        #expect(hear(&conversation, 250, "mail.example.com", "8BITMIME") == ["ready"])
        for _ in 1...2 {
            #expect(said(conversation.handle(.letter(letter))) == ["MAIL FROM:<team@example.com>|"])
            #expect(hear(&conversation, 250) == ["RCPT TO:<ann@example.com>|"])
            #expect(hear(&conversation, 250) == ["DATA|"])
            let text = try #require(hear(&conversation, 354).first)
            #expect(text.contains("||..dot|line|.|") && text.hasSuffix("|.|"))
            #expect(hear(&conversation, 250) == ["taken", "ready"])
        }
    }

    @Test func `TLS is begun before anything is told, and what was offered before is forgotten`() throws {
        var conversation = try conversation("smtp://ann:secret@localhost")
        #expect(hear(&conversation, 220) == ["EHLO example.com|"])
        #expect(hear(&conversation, 250, "mail", "STARTTLS", "AUTH PLAIN LOGIN") == ["STARTTLS|"])
        #expect(hear(&conversation, 220) == ["secure", "EHLO example.com|"])
        #expect(hear(&conversation, 250, "mail", "AUTH LOGIN") == ["AUTH LOGIN|"])
        #expect(hear(&conversation, 334, "VXNlcm5hbWU6") == ["YW5u|"])
        #expect(hear(&conversation, 334, "UGFzc3dvcmQ6") == ["c2VjcmV0|"])
        #expect(hear(&conversation, 235) == ["ready"])
    }

    @Test func `a password is never said without TLS`() throws {
        var conversation = try conversation("smtp://ann:secret@localhost")
        _ = hear(&conversation, 220)
        #expect(
            hear(&conversation, 250, "mail", "AUTH PLAIN") == ["unusable no STARTTLS is offered", "close"])
        for url in [
            "smtp://ann:secret@localhost?tls=none", "smtps://localhost?tls=none", "http://localhost",
            "smtp://", "smtp://localhost?tls=maybe", "smtp://localhost/path", "localhost:25", "",
        ] {
            #expect { try SMTPSettings(url: url) } throws: {
                ($0 as? Failure)?.code == "mail_url" && !"\($0)".contains("secret")
            }
        }
    }

    @Test(arguments: [
        (0, 554, "unusable 554 no", "close"), (1, 502, "unusable 502 no", "close"),
        (2, 450, "deferred 450 no", "QUIT|"), (2, 550, "unusable 550 no", "close"),
        (2, 530, "unusable 530 no", "close"),
        (3, 452, "deferred 452 no", "QUIT|"), (3, 550, "refused 550 no", "QUIT|"),
        (4, 451, "deferred 451 no", "QUIT|"), (4, 554, "refused 554 no", "QUIT|"),
        (5, 451, "deferred 451 no", "QUIT|"), (5, 552, "refused 552 no", "QUIT|"),
        (2, 421, "deferred not begun 421 no", "close"), (5, 421, "deferred 421 no", "close"),
        (4, 250, "lost out of turn: 250 no", "close"), (3, 354, "lost out of turn: 354 no", "close"),
    ])
    func `a no is understood at every step`(
        _ step: Int, _ code: Int, _ expected: String, _ next: String
    ) throws {
        var conversation = try conversation()
        for reply in [220, 250, 250, 250, 354].prefix(step) {
            if conversation.isIdle { _ = conversation.handle(.letter(letter)) }
            _ = hear(&conversation, reply)
        }
        if conversation.isIdle { _ = conversation.handle(.letter(letter)) }
        let answer = hear(&conversation, code, "no")
        #expect(answer.prefix(2) == [expected, next] && answer.last == "close")
        #expect(hear(&conversation, 250).isEmpty && conversation.handle(.lost).isEmpty)
    }

    @Test func `a lost or silent server fails what waits for it, once`() throws {
        for happening in [SMTPConversation.Happening.lost, .timedOut, .broken("bad")] {
            var fresh = try conversation()
            #expect(said(fresh.handle(happening)).count == 2)
            var idle = try ready()
            #expect(said(idle.handle(happening)) == ["QUIT|", "close"])
            var sending = try ready()
            _ = sending.handle(.letter(letter))
            let first = said(sending.handle(happening))
            #expect(first[0].contains("not begun") && first[1] == "close")
            #expect(sending.handle(happening).isEmpty)
            var late = try ready()
            _ = late.handle(.letter(letter))
            _ = hear(&late, 250)
            #expect(!said(late.handle(happening))[0].contains("not begun"))
        }
    }

    @Test func `a server that speaks out of turn is left, and a letter that is too long is not sent`() throws
    {
        var idle = try ready()
        #expect(hear(&idle, 250, "surprise") == ["lost 250 surprise", "close"] || hear(&idle, 250) == [])
        var small = try conversation()
        _ = hear(&small, 220)
        _ = hear(&small, 250, "mail", "SIZE 10")
        #expect(said(small.handle(.letter(letter))) == ["refused the server takes 10 bytes", "ready"])
    }

    @Test func `dots at the beginnings of lines are doubled, at the end is one alone`() {
        func stuffed(_ text: String) -> String {
            String(decoding: SMTPConversation.stuffed(Array(text.utf8)), as: UTF8.self)
        }
        #expect(stuffed("a\r\n.\r\n..b\r\n") == "a\r\n..\r\n...b\r\n.\r\n")
        #expect(stuffed("a") == "a\r\n.\r\n" && stuffed("") == ".\r\n")
    }
}

/// Bytes of a server.
@Suite struct SMTPReplyReaderTests {
    @Test func `replies are the same however the bytes come`() throws {
        let bytes = Array("220 hello\r\n250-one\r\n250-TWO x\r\n250 three\r\n354\r\n".utf8)
        let expected = [
            SMTPReply(220, ["hello"]), SMTPReply(250, ["one", "TWO x", "three"]), SMTPReply(354, [""]),
        ]
        for size in [1, 2, 3, 7, bytes.count] {
            var reader = SMTPReplyReader()
            var replies: [SMTPReply] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                replies += try reader.read(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(replies == expected && reader.isEmpty)
        }
    }

    @Test(arguments: [
        "hello\r\n", "25\r\n", "999 x\r\n", "250_x\r\n", "250-a\r\n251 b\r\n", "\r\n",
        String(repeating: "2", count: 5_000), String(repeating: "250-x\r\n", count: 101),
    ])
    func `what is no reply is told at once, in bounded memory`(_ text: String) {
        var reader = SMTPReplyReader()
        #expect { try reader.read(Array(text.utf8)) } throws: { ($0 as? Failure)?.code == "mail_protocol" }
    }
}
