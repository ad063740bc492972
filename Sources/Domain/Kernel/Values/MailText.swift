private import Foundation

/// A letter in the format of internet mail (RFC 5322), with CRLF at the end of each line; all of it ASCII.
///
/// Nothing that somebody typed can become a header of its own: what is not plain is encoded (RFC 2047), and addresses
/// that are not plain are refused.
package struct MailText: Sendable, Equatable {
    package let sender: String
    package let recipient: String
    package let bytes: [UInt8]

    /// `mail_refused` if an address can belong to nobody.
    package init(_ letter: Letter, from sender: MailAddress, at time: Timestamp) throws(Failure) {
        let recipient = try MailAddress(letter.to)
        let lines = [
            "Date: \(Self.date(time))",
            "From: \(sender.header)",
            "To: \(recipient.header)",
            "Subject: \(Self.encoded(letter.subject))",
            "Message-ID: <\(letter.id)@\(sender.domain)>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
        ]
        self.sender = sender.address
        self.recipient = recipient.address
        let head = lines.map { $0 + "\r\n" }.joined()
        bytes = Array(head.utf8) + Self.quotedPrintable(letter.body)
    }

    /// Such as `Tue, 03 Nov 2026 17:05:09 +0000`.
    package static func date(_ time: Timestamp) -> String {
        let seconds = time.unixSeconds
        let text = time.description
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let day = Int(((seconds - ((seconds % 86_400) + 86_400) % 86_400) / 86_400 % 7 + 7) % 7)
        let parts = text.split(whereSeparator: { "-T:.Z".contains($0) })
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(days[day]), \(parts[2]) \(month) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) +0000"
    }

    /// A header's text: as it is if it is plain and short, else as encoded words on lines of their own.
    package static func encoded(_ text: String) -> String {
        let isPlain =
            text.utf8.count <= 60 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            && !text.contains("=?") && text.first != " " && text.last != " "
        guard !isPlain else { return text }
        var words: [String] = []
        var piece = ""
        for character in text {
            // Base64 of 39 bytes has 52 characters, which fit a line behind the header's name. No scalar is cut in two.
            for scalar in character.unicodeScalars {
                if piece.utf8.count + String(scalar).utf8.count > 39 {
                    words.append(piece)
                    piece = ""
                }
                piece.unicodeScalars.append(scalar)
            }
        }
        words.append(piece)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    /// RFC 2045: lines of at most 76 characters, line ends of the text as CRLF.
    package static func quotedPrintable(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        let normal = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        for line in normal.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            var length = 0
            for (index, byte) in zip(line.indices, line) {
                let isLast = line.index(after: index) == line.endIndex
                let isBlank = byte == 0x20 || byte == 0x09
                let isPlain = isBlank ? !isLast : (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
                let width = isPlain ? 1 : 3
                // One place is left for the mark of a line that goes on.
                if length + width > 75 {
                    output += Array("=\r\n".utf8)
                    length = 0
                }
                if isPlain {
                    output.append(byte)
                } else {
                    output += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
                length += width
            }
            output += Array("\r\n".utf8)
        }
        return output
    }
}

/// `name@domain`, of plain characters alone, perhaps with a name to show.
package struct MailAddress: Sendable, Equatable {
    package let name: String
    package let address: String

    package var domain: String { address.split(separator: "@").last.map(String.init) ?? "localhost" }

    /// As in a header.
    package var header: String { name.isEmpty ? address : "\(MailText.encoded(name)) <\(address)>" }

    /// `address` or `name <address>`. `mail_refused` for any other form.
    package init(_ text: String) throws(Failure) {
        if let match = text.wholeMatch(of: /([^<>"]*)<([^<>]*)>/) {
            name = match.1.trimmingCharacters(in: .whitespaces)
            address = String(match.2)
        } else {
            name = ""
            address = text
        }
        let isName =
            name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && !name.contains(where: { "()[]:;@,\\".contains($0) })
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = address.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte) && !"()<>[]:;,\\\"".utf8.contains(byte)
        }
        guard isName, isPlain, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), address.utf8.count <= 254
        else {
            throw Failure(.invalid, "mail_refused", "This is no address that mail can be sent to.")
        }
    }
}
