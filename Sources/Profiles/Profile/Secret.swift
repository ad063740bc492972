package import Crypto
private import Foundation

/// The content of a secret, which does not show itself in texts, dumps and logs.
package struct Secret: Sendable {
    package let kind: SecretKind
    private let bytes: [UInt8]

    init(kind: SecretKind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    package var symmetricKey: SymmetricKey { SymmetricKey(data: bytes) }

    /// A password, or an address that holds one.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Ed25519, of `verifyingKeys`. Throws if these bytes are not such keys.
    package func verifyingKeys() throws -> [Curve25519.Signing.PublicKey] {
        try stride(from: 0, to: bytes.count, by: 32).map {
            try Curve25519.Signing.PublicKey(rawRepresentation: bytes[$0..<min($0 + 32, bytes.count)])
        }
    }

    /// Ed25519. Throws if these bytes are not such a key.
    package func signingKey() throws -> Curve25519.Signing.PrivateKey {
        try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(redacted)" }
    package var debugDescription: String { "(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a secret is for, and so what it looks like.
package enum SecretKind: String, Sendable, CaseIterable {
    /// At least 32 bytes in base64url, for HMAC.
    case symmetricKey
    /// The raw representation of an Ed25519 private key in base64.
    case signingKey
    /// Ed25519 public keys, raw in base64, with commas between them: the present one and those before and after it.
    case verifyingKeys
    /// A line of text that somebody else gave: a password, or an address that holds one.
    case text

    private static let maximumTextBytes = 4096
    private static let keyBytes = 32
    private static let maximumKeys = 4

    var expectation: String {
        switch self {
        case .symmetricKey: "at least \(Self.keyBytes) bytes in base64url"
        case .signingKey: "an Ed25519 private key of \(Self.keyBytes) bytes in base64"
        case .verifyingKeys: "one to \(Self.maximumKeys) Ed25519 public keys in base64, separated by commas"
        case .text: "one line of text of at most \(Self.maximumTextBytes) bytes"
        }
    }

    /// Whether anybody can make one, or only who gives it.
    var canBeMade: Bool { self == .symmetricKey || self == .signingKey }

    /// A new secret, as it is kept; nil of what only others can give.
    func makeText() -> String? {
        switch self {
        case .symmetricKey:
            SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") + "\n"
        case .signingKey:
            Curve25519.Signing.PrivateKey().rawRepresentation.base64EncodedString() + "\n"
        case .verifyingKeys, .text: nil
        }
    }

    /// White space around it does not count.
    func decode(_ text: String) -> Secret? {
        switch self {
        case .text: return decodeLine(text)
        case .verifyingKeys: return decodeKeys(text)
        case .symmetricKey, .signingKey: return Self.bytes(text).flatMap(decodeKey)
        }
    }

    private func decodeLine(_ text: String) -> Secret? {
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let isPlain = line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain, (1...Self.maximumTextBytes).contains(line.utf8.count) else { return nil }
        return Secret(kind: self, bytes: Array(line.utf8))
    }

    private func decodeKey(_ bytes: [UInt8]) -> Secret? {
        let fits = self == .signingKey ? bytes.count == Self.keyBytes : bytes.count >= Self.keyBytes
        return fits ? Secret(kind: self, bytes: bytes) : nil
    }

    private func decodeKeys(_ text: String) -> Secret? {
        let keys = text.split(separator: ",", omittingEmptySubsequences: false).compactMap {
            Self.bytes(String($0))
        }
        let fits =
            (1...Self.maximumKeys).contains(keys.count) && keys.allSatisfy { $0.count == Self.keyBytes }
        return fits ? Secret(kind: self, bytes: keys.flatMap(\.self)) : nil
    }

    /// Takes both alphabets of base64, padded or not.
    private static func bytes(_ text: String) -> [UInt8]? {
        let plain = text.trimmingCharacters(in: .whitespacesAndNewlines)
            .replacing("-", with: "+").replacing("_", with: "/").replacing("=", with: "")
        let padded = plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: padded).map(Array.init)
    }
}
