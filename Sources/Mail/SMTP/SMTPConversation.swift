private import Foundation
package import Kernel

/// What is said to a mail server (RFC 5321, 3207, 4954), as a pure value: what happened in, what to do out.
package struct SMTPConversation: Sendable {
    package enum Happening: Sendable, Equatable {
        case reply(SMTPReply)
        /// Sent only to one that is ready.
        case letter(MailText)
        case lost
        case timedOut
        /// The server said what is no reply, or TLS failed.
        case broken(String)
    }

    package enum Action: Sendable, Equatable {
        case write([UInt8])
        /// From here on by TLS; what has come unencrypted and was not read yet must not count.
        case secure
        /// The connection can take a letter.
        case ready
        /// The server has taken the letter over.
        case taken
        /// The letter, or the connection before it was ready, came to nothing.
        case failed(SMTPFailure)
        case close
    }

    private enum State: Sendable, Equatable {
        case greeting
        case hello
        case startingTLS
        case plain
        case loginUser, loginPassword, loginEnd
        case idle
        case from(MailText)
        case recipient(MailText)
        case data(MailText)
        /// The letter's end has been sent.
        case content
        case closed
    }

    private let settings: SMTPSettings
    private let name: String
    private var state = State.greeting
    private var isSecure: Bool
    private var extensions: [String: [String]] = [:]

    /// `name` is what this program calls itself.
    package init(_ settings: SMTPSettings, name: String) {
        self.settings = settings
        self.name = name
        isSecure = settings.security == .immediate
    }

    package var isIdle: Bool { state == .idle }

    package mutating func handle(_ happening: Happening) -> [Action] {
        guard state != .closed else { return [] }
        switch happening {
        case .reply(let reply): return handle(reply)
        case .letter(let letter): return begin(letter)
        case .lost: return end(.init(.lost, "the connection was lost", wasBegun: wasBegun))
        case .timedOut: return end(.init(.late, "the server did not reply in time", wasBegun: wasBegun))
        case .broken(let reason): return end(.init(.lost, reason, wasBegun: wasBegun))
        }
    }

    /// Whether the server may have read a part of the letter.
    private var wasBegun: Bool {
        switch state {
        case .from: false
        default: true
        }
    }

    private mutating func end(_ failure: SMTPFailure) -> [Action] {
        let isIdle = state == .idle
        state = .closed
        // A server that nobody waits for is told so; of any other it is not known what it waits for.
        return isIdle ? [Self.line("QUIT"), .close] : [.failed(failure), .close]
    }

    private mutating func handle(_ reply: SMTPReply) -> [Action] {
        // The server leaves, whatever was asked.
        if reply.code == 421 { return end(.init(.deferred, reply.text, wasBegun: wasBegun)) }
        switch state {
        case .greeting:
            guard reply.code == 220 else { return end(.init(.unusable, reply.text)) }
            return hello()
        case .hello: return greeted(reply)
        case .startingTLS:
            guard reply.code == 220 else { return end(.init(.unusable, reply.text)) }
            isSecure = true
            return [.secure] + hello()
        case .plain, .loginUser, .loginPassword, .loginEnd: return authenticate(reply)
        case .from, .recipient, .data, .content: return transfer(reply)
        // Nothing was asked: such a server cannot be talked to.
        case .idle, .closed: return end(.init(.lost, reply.text))
        }
    }

    private mutating func hello() -> [Action] {
        state = .hello
        extensions = [:]
        return [Self.line("EHLO \(name)")]
    }

    private mutating func greeted(_ reply: SMTPReply) -> [Action] {
        guard reply.code == 250 else { return end(.init(.unusable, reply.text)) }
        for line in reply.lines.dropFirst() {
            let words = line.uppercased().split(whereSeparator: { $0 == " " || $0 == "=" }).map(String.init)
            if let keyword = words.first { extensions[keyword, default: []] += words.dropFirst() }
        }
        if settings.security == .started, !isSecure {
            guard extensions["STARTTLS"] != nil else {
                return end(.init(.unusable, "no STARTTLS is offered"))
            }
            state = .startingTLS
            return [Self.line("STARTTLS")]
        }
        return settings.user == nil ? ready() : beginAuthentication()
    }

    private mutating func ready() -> [Action] {
        state = .idle
        return [.ready]
    }

    private mutating func beginAuthentication() -> [Action] {
        let offered = extensions["AUTH"] ?? []
        if offered.contains("PLAIN") {
            state = .plain
            let token = "\0\(settings.user ?? "")\0\(settings.password)"
            return [Self.line("AUTH PLAIN \(Self.base64(token))")]
        }
        guard offered.contains("LOGIN") else { return end(.init(.unusable, "no known AUTH is offered")) }
        state = .loginUser
        return [Self.line("AUTH LOGIN")]
    }

    private mutating func authenticate(_ reply: SMTPReply) -> [Action] {
        switch (state, reply.code) {
        case (.loginUser, 334):
            state = .loginPassword
            return [Self.line(Self.base64(settings.user ?? ""))]
        case (.loginPassword, 334):
            state = .loginEnd
            return [Self.line(Self.base64(settings.password))]
        case (.plain, 235), (.loginEnd, 235): return ready()
        default: return end(.init(.unusable, reply.text))
        }
    }

    private mutating func begin(_ letter: MailText) -> [Action] {
        guard state == .idle else { return end(.init(.lost, "a letter came before the line was ready")) }
        if let limit = extensions["SIZE"]?.first.flatMap({ Int($0) }), limit > 0, letter.bytes.count > limit {
            return [.failed(.init(.refused, "the server takes \(limit) bytes")), .ready]
        }
        state = .from(letter)
        return [Self.line("MAIL FROM:<\(letter.sender)>")]
    }

    private mutating func transfer(_ reply: SMTPReply) -> [Action] {
        switch (state, reply.code) {
        case (.from(let letter), 250):
            state = .recipient(letter)
            return [Self.line("RCPT TO:<\(letter.recipient)>")]
        case (.recipient(let letter), 250), (.recipient(let letter), 251):
            state = .data(letter)
            return [Self.line("DATA")]
        case (.data(let letter), 354):
            state = .content
            return [.write(Self.stuffed(letter.bytes))]
        case (.content, 250):
            state = .idle
            return [.taken, .ready]
        default: return refuse(reply)
        }
    }

    /// The letter is not wanted, now or ever. What the server makes of the connection then is not relied on.
    private mutating func refuse(_ reply: SMTPReply) -> [Action] {
        guard reply.code >= 400 else {
            return end(.init(.lost, "out of turn: \(reply.text)"))
        }
        // Nobody has been named yet: whom the server will not have is the sender of all letters.
        if case .from = state, !reply.isTransient { return end(.init(.unusable, reply.text)) }
        state = .closed
        let kind: SMTPFailure.Kind = reply.isTransient ? .deferred : .refused
        return [.failed(.init(kind, reply.text)), Self.line("QUIT"), .close]
    }

    /// A line of the letter that begins with a dot gets a second; then the line that ends it.
    static func stuffed(_ bytes: [UInt8]) -> [UInt8] {
        let (dot, feed) = (UInt8(ascii: "."), UInt8(ascii: "\n"))
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 64)
        var last = feed
        for byte in bytes {
            if byte == dot, last == feed { output.append(dot) }
            output.append(byte)
            last = byte
        }
        if last != feed { output += Array("\r\n".utf8) }
        return output + Array(".\r\n".utf8)
    }

    private static func line(_ text: String) -> Action { .write(Array((text + "\r\n").utf8)) }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
