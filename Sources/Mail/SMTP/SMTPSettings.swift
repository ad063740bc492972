private import Foundation
package import Kernel

/// A mail server, and how much of it may be used.
package struct SMTPSettings: Sendable {
    package enum Security: Sendable, Equatable {
        /// From the first byte.
        case immediate
        /// By STARTTLS, or not at all.
        case started
        /// None: on one machine, or in a network that nobody else hears.
        case none
    }

    package let host: String
    package let port: Int
    package let user: String?
    package let password: String
    package let security: Security
    /// Certificates that are trusted, in a PEM file; the system's if absent.
    package let authorities: String?
    package var sender = "CloudStream <cloudstream@localhost>"
    package var connections = 4
    package var connectDeadline: Duration = .seconds(10)
    /// For one reply; RFC 5321 has minutes for the one behind a letter's end.
    package var replyDeadline: Duration = .seconds(60)
    /// For a letter with all its replies, and the wait for a connection: shorter than whoever asks leaves it alone.
    package var letterDeadline: Duration = .seconds(240)
    package var idleLifetime: Duration = .seconds(20)
    package var lettersPerConnection = 100
    /// Letters that wait for a connection; more are refused.
    package var maximumWaiting = 1_000

    /// `smtp[s]://[USER:PASSWORD@]HOST[:PORT][?tls=none][&ca=FILE]`. `invalid` (code `mail_url`), which does not repeat
    /// the address, since it may hold a password.
    package init(url: String) throws(Failure) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            ["smtp", "smtps"].contains(parts.scheme), ["", "/"].contains(parts.path)
        else { throw Self.malformed("is smtp://HOST:PORT or smtps://HOST:PORT") }
        var options: [String: String] = [:]
        for item in parts.queryItems ?? [] {
            guard ["tls", "ca"].contains(item.name), let value = item.value else {
                throw Self.malformed("has no options but tls=none and ca=FILE")
            }
            options[item.name] = value
        }
        guard options["tls"] == nil || options["tls"] == "none" && parts.scheme == "smtp" else {
            throw Self.malformed("says tls=none, with smtp:// alone, or nothing")
        }
        security = parts.scheme == "smtps" ? .immediate : options["tls"] == "none" ? .none : .started
        // Decoded by URLComponents; an address in brackets is IPv6.
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = parts.port ?? (security == .immediate ? 465 : security == .started ? 587 : 25)
        user = parts.user
        password = parts.password ?? ""
        authorities = options["ca"]
        guard user == nil || security != .none else {
            throw Self.malformed("has no password where tls=none lets others read it")
        }
    }

    private static func malformed(_ rule: String) -> Failure {
        Failure(.invalid, "mail_url", "The address of a mail server \(rule).")
    }
}
