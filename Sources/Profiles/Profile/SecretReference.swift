private import Foundation
package import Kernel

/// Where a secret is, never what it is.
package enum SecretReference: Hashable, Sendable {
    /// A variable of the environment.
    case env(String)
    /// A file that only its owner can read.
    case file(String)
}

extension SecretReference: CustomStringConvertible, LosslessStringConvertible {
    package var description: String {
        switch self {
        case .env(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }

    package init?(_ text: String) {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain, text.utf8.count <= 4096, let colon = text.firstIndex(of: ":") else { return nil }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "env" where Self.isVariable(rest): self = .env(rest)
        case "file" where !rest.isEmpty && !rest.hasSuffix("/") && rest.first != " ": self = .file(rest)
        default: return nil
        }
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, first < UInt8(ascii: "0") || first > UInt8(ascii: "9") else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

extension SecretReference: ProfileValue {
    var printed: PrintedValue { .secret(self) }
}

extension SecretReference {
    /// The secret. With `createMissing` an absent file is made; processes that race for it get the same one.
    ///
    /// Throws `Failure` with code `secret_unusable`, whose detail names the reference and never the content.
    package func resolve(
        _ kind: SecretKind, createMissing: Bool,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> Secret {
        do throws(BadSecret) {
            switch self {
            case .env(let name): return try Self.read(environment[name], named: name, kind)
            case .file(let path):
                let file = SecretFile(path: path)
                if let text = try file.read() { return try Self.decode(text, "file \(path)", kind) }
                guard createMissing, let new = kind.makeText() else {
                    throw BadSecret("file \(path) does not exist")
                }
                return try Self.decode(file.create(new), "file \(path)", kind)
            }
        } catch {
            throw Failure(.invalid, "secret_unusable", error.message)
        }
    }

    /// Why `resolve` would fail; nil if it would not. Changes nothing.
    package func problem(
        _ kind: SecretKind, createMissing: Bool,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        do throws(BadSecret) {
            switch self {
            case .env(let name): _ = try Self.read(environment[name], named: name, kind)
            case .file(let path):
                let file = SecretFile(path: path)
                if let text = try file.read() {
                    _ = try Self.decode(text, "file \(path)", kind)
                } else if createMissing && kind.canBeMade {
                    try file.checkCreatable()
                } else if !kind.canBeMade {
                    throw BadSecret("file \(path) does not exist, and nobody but its issuer can make it")
                } else {
                    throw BadSecret("file \(path) does not exist, and secrets.createMissing is false")
                }
            }
            return nil
        } catch {
            return error.message
        }
    }

    private static func read(
        _ text: String?, named name: String, _ kind: SecretKind
    ) throws(BadSecret) -> Secret {
        guard let text, !text.isEmpty else { throw BadSecret("environment variable \(name) is not set") }
        return try decode(text, "environment variable \(name)", kind)
    }

    private static func decode(
        _ text: String, _ place: String, _ kind: SecretKind
    ) throws(BadSecret) -> Secret {
        guard let secret = kind.decode(text) else {
            throw BadSecret("\(place) does not hold \(kind.expectation)")
        }
        return secret
    }
}

/// Why a secret cannot be had, without any of its content.
struct BadSecret: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
