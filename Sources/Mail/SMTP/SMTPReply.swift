package import Kernel

/// One reply of a server, of one line or several.
package struct SMTPReply: Sendable, Equatable {
    package let code: Int
    package let lines: [String]

    package init(_ code: Int, _ lines: [String] = []) {
        self.code = code
        self.lines = lines
    }

    package var isTransient: Bool { (400..<500).contains(code) }
    /// For logs and operators; without what could break a line.
    package var text: String {
        let words = lines.joined(separator: " ").unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7F }
        return "\(code) " + String(String.UnicodeScalarView(words.prefix(300)))
    }
}

/// Bytes in, replies out.
package struct SMTPReplyReader: Sendable {
    package static let maximumLine = 2_048
    package static let maximumLines = 100
    private var line: [UInt8] = []
    private var code: Int?
    private var lines: [String] = []

    package init() {}

    /// Whether nothing has been read that is not a whole reply.
    package var isEmpty: Bool { line.isEmpty && code == nil }

    /// Whole replies in `bytes`. Throws (code `mail_protocol`) what is none.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(Failure) -> [SMTPReply] {
        var replies: [SMTPReply] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count <= Self.maximumLine else { throw Self.malformed }
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            defer { line = [] }
            if let reply = try take(line) { replies.append(reply) }
        }
        return replies
    }

    private mutating func take(_ line: [UInt8]) throws(Failure) -> SMTPReply? {
        let digits = line.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(String(decoding: digits, as: UTF8.self)), (200..<600).contains(number),
            code == nil || code == number, lines.count < Self.maximumLines
        else { throw Self.malformed }
        let mark = line.dropFirst(3).first ?? 0x20
        guard mark == UInt8(ascii: "-") || mark == 0x20 else { throw Self.malformed }
        lines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
        code = number
        guard mark == 0x20 else { return nil }
        defer { (code, lines) = (nil, []) }
        return SMTPReply(number, lines)
    }

    private static var malformed: Failure {
        Failure(.unavailable, "mail_protocol", "The mail server says what is no reply.")
    }
}
