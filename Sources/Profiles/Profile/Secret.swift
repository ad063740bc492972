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
    /// A line of text that somebody else gave: a password, or an address that holds one.
    case text

    private static let maximumTextBytes = 4096
    private static let keyBytes = 32

    var expectation: String {
        switch self {
        case .symmetricKey: "at least \(Self.keyBytes) bytes in base64url"
        case .signingKey: "an Ed25519 private key of \(Self.keyBytes) bytes in base64"
        case .text: "one line of text of at most \(Self.maximumTextBytes) bytes"
        }
    }

    /// A new secret, as it is kept; nil of what only others can give.
    func makeText() -> String? {
        switch self {
        case .symmetricKey:
            SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") + "\n"
        case .signingKey:
            Curve25519.Signing.PrivateKey().rawRepresentation.base64EncodedString() + "\n"
        case .text: nil
        }
    }

    /// White space around it does not count.
    func decode(_ text: String) -> Secret? {
        guard self == .text else { return decodeKey(text) }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let isPlain = line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain, (1...Self.maximumTextBytes).contains(line.utf8.count) else { return nil }
        return Secret(kind: self, bytes: Array(line.utf8))
    }

    /// Takes both alphabets of base64, padded or not.
    private func decodeKey(_ text: String) -> Secret? {
        let plain = text.trimmingCharacters(in: .whitespacesAndNewlines)
            .replacing("-", with: "+").replacing("_", with: "/").replacing("=", with: "")
        let padded = plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: padded) else { return nil }
        let fits = self == .signingKey ? bytes.count == Self.keyBytes : bytes.count >= Self.keyBytes
        return fits ? Secret(kind: self, bytes: Array(bytes)) : nil
    }
}
