package import Crypto
package import Foundation

/// Makes and checks short authentication codes: HMAC-SHA256 under a key derived for one purpose.
package struct SealingKey: Sendable {
    private let key: SymmetricKey

    /// A key of its own for `purpose`, so that a code of one purpose never passes for another's.
    package init(secret: SymmetricKey, purpose: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Data("cloudstream/\(purpose)".utf8), outputByteCount: 32)
    }

    package func code(_ message: some DataProtocol) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: message, using: key))
    }

    /// In constant time; `code` may be the first half of the whole, not less.
    package func isValid(_ code: Data, for message: some DataProtocol) -> Bool {
        let expected = self.code(message)
        guard code.count >= 16, code.count <= expected.count else { return false }
        return zip(code, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Data {
    /// RFC 4648 section 5, without padding.
    package var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    package init?(base64URL text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }
}
