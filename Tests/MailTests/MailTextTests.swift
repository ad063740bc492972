import Foundation
import Kernel
import Testing

/// Letters in the format of internet mail.
@Suite struct MailTextTests {
    private let time = Timestamp(milliseconds: 1_795_453_509_000)

    private func text(
        to: String = "ann@example.com", subject: String = "Hello", body: String = "Hello."
    ) throws -> String {
        let letter = Letter(id: UUIDv7(), to: to, subject: subject, body: body)
        let sender = try MailAddress("CloudStream <no-reply@example.com>")
        return String(decoding: try MailText(letter, from: sender, at: time).bytes, as: UTF8.self)
    }

    private func headers(_ text: String) -> [String] {
        let head = text.components(separatedBy: "\r\n\r\n")[0]
        return head.replacing("\r\n ", with: " ").components(separatedBy: "\r\n")
    }

    @Test func `a plain letter reads as it was written`() throws {
        let text = try text()
        #expect(
            text.contains(
                "From: CloudStream <no-reply@example.com>\r\nTo: ann@example.com\r\nSubject: Hello\r\n"))
        #expect(text.hasSuffix("\r\n\r\nHello.\r\n"))
        #expect(text.contains("Date: Mon, 23 Nov 2026 17:05:09 +0000\r\n"))
        #expect(text.wholeMatch(of: /(?s).*Message-ID: <[0-9a-f-]{36}@example\.com>\r\n.*/) != nil)
    }

    @Test(arguments: [
        "Hi\r\nBcc: victim@example.com", "Hi\nX: y", "Hi\rX: y", "\u{0}", "=?utf-8?q?x?=",
        "Grüße 🌿 " + String(repeating: "äöü", count: 100), String(repeating: "word ", count: 60), " x ", "",
        "👩‍👩‍👧‍👦" + String(repeating: "e\u{301}", count: 60),
    ])
    func `no subject makes a header of its own, and each comes out as it went in`(_ subject: String) throws {
        let text = try text(subject: subject)
        let headers = headers(text)
        #expect(headers.count == 9, "\(headers)")
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 })
        let line = try #require(headers.first { $0.hasPrefix("Subject: ") }).dropFirst(9)
        let words = line.components(separatedBy: " ")
        let decoded = words.compactMap { $0.wholeMatch(of: /=\?utf-8\?B\?(.*)\?=/) }.compactMap { match in
            Data(base64Encoded: String(match.1)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(decoded.isEmpty ? String(line) == subject : decoded.joined() == subject)
    }

    @Test(arguments: [
        "", "ann", "@example.com", "ann@", "a@b@c", "ann@example.com\r\nBcc: x@y.z", "ann smith@example.com",
        "<ann@example.com", "ann@exämple.com", "ann,ben@example.com", "\"ann\"@example.com",
        "ann@example.com>",
        "Ann\nBcc: x@y.z <ann@example.com>", "Ann, Ben <ann@example.com>",
        String(repeating: "a", count: 300) + "@b.c",
    ])
    func `what is no plain address is refused for good`(_ address: String) {
        #expect { try text(to: address) } throws: { ($0 as? Failure)?.code == "mail_refused" }
    }

    @Test(arguments: [
        "plain", "line\nline\r\nline\rline", "tail \nblank\t\n", "a = b", "Grüße 🌿", ".\n..\n.x",
        String(repeating: "long ", count: 100), String(repeating: "ü", count: 200), "From me\n", "\u{0}\u{7}",
    ])
    func `a body comes out as it went in, in short lines of plain characters`(_ body: String) throws {
        let encoded = String(decoding: MailText.quotedPrintable(body), as: UTF8.self)
        let lines = encoded.components(separatedBy: "\r\n")
        #expect(
            lines.allSatisfy {
                $0.utf8.count <= 76 && $0.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 9 }
            })
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") && !$0.hasSuffix("\t") })
        var bytes: [UInt8] = []
        let joined = Array(encoded.replacing("=\r\n", with: "").utf8)
        var index = 0
        while index < joined.count {
            if joined[index] == UInt8(ascii: "="),
                let byte = UInt8(String(decoding: joined[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(joined[index])
                index += 1
            }
        }
        let expected = body.replacing("\r\n", with: "\n").replacing("\r", with: "\n").replacing(
            "\n", with: "\r\n")
        #expect(String(decoding: bytes, as: UTF8.self) == expected + "\r\n")
    }
}
