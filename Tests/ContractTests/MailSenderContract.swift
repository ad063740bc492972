import Foundation
import Kernel
import Testing

/// What every `MailSender` promises.
@Suite struct MailSenderContract {
    private func address() -> String { "ann-\(UUID().uuidString.lowercased())@example.com" }

    @Test(arguments: MailSenderAdapter.all)
    func `a letter that was taken over is where the next station keeps it, whole`(
        _ adapter: MailSenderAdapter
    )
        async throws
    {
        try await adapter.run { stage async throws in
            let to = address()
            let lines = [
                "first", ".", "..two", "From here", "tail", String(repeating: "x", count: 500), "end",
            ]
            let letter = Letter(
                id: UUIDv7(), to: to, subject: "Hello there", body: lines.joined(separator: "\n"))
            try await stage.sender.send(letter)
            let text = try #require(try stage.arrived(to).first)
            #expect(text.contains("Message-ID: <\(letter.id)@example.com>\n"))
            #expect(
                text.contains("Subject: Hello there\n") && text.contains("From: Team <team@example.com>\n"))
            let body = text.components(separatedBy: "\n\n").dropFirst().joined(separator: "\n\n")
            #expect(body.replacing("=\n", with: "").hasPrefix(lines.joined(separator: "\n")), "\(body)")
        }
    }

    @Test(arguments: MailSenderAdapter.all)
    func `many at once all come, each once`(_ adapter: MailSenderAdapter) async throws {
        try await adapter.run { stage async throws in
            let people = (0..<20).map { _ in address() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for to in people {
                    group.addTask {
                        try await stage.sender.send(Letter(id: UUIDv7(), to: to, subject: "Hi", body: to))
                    }
                }
                try await group.waitForAll()
            }
            for to in people { #expect(try stage.arrived(to).count == 1) }
        }
    }

    @Test(arguments: MailSenderAdapter.all)
    func `the same letter again bears the same id`(_ adapter: MailSenderAdapter) async throws {
        try await adapter.run { stage async throws in
            let letter = Letter(id: UUIDv7(), to: address(), subject: "Hi", body: "again")
            for _ in 0..<2 { try await stage.sender.send(letter) }
            let texts = try stage.arrived(letter.to)
            #expect((1...2).contains(texts.count))
            #expect(texts.allSatisfy { $0.contains("Message-ID: <\(letter.id)@example.com>\n") })
        }
    }

    @Test(
        arguments: MailSenderAdapter.all,
        ["nobody", "a@b@c", "x@example.com\r\nBcc: y@example.com", "", "é@example.com"])
    func `an address that can belong to nobody is refused for good`(
        _ adapter: MailSenderAdapter, _ address: String
    ) async throws {
        try await adapter.run { stage async throws in
            let letter = Letter(id: UUIDv7(), to: address, subject: "Hi", body: "x")
            await #expect { try await stage.sender.send(letter) } throws: {
                ($0 as? Failure)?.code == "mail_refused"
            }
        }
    }

    @Test(arguments: MailSenderAdapter.all)
    func `no subject adds a header or ends the head`(_ adapter: MailSenderAdapter) async throws {
        try await adapter.run { stage async throws in
            let to = address()
            let subject = "Hi\r\nBcc: victim@example.com\r\n\r\ninjected"
            try await stage.sender.send(Letter(id: UUIDv7(), to: to, subject: subject, body: "x"))
            let text = try #require(try stage.arrived(to).first)
            #expect(!text.contains("victim@") && !text.contains("injected"))
        }
    }
}
