package import Crypto
private import Foundation
import Kernel
package import Videos

/// Tokens of links and of guests: what they name, and a code over it under a key of their own.
///
/// A link's token has 64 bytes: tenant, link, code. A guest's has tenant, link, expiry, name and code.
package struct HMACShareTokens: ShareTokens {
    private let links: SealingKey
    private let guests: SealingKey

    package init(secret: SymmetricKey) {
        links = SealingKey(secret: secret, purpose: "share-links")
        guests = SealingKey(secret: secret, purpose: "share-guests")
    }

    package func token(of share: ShareReference) -> String {
        let head = Self.head(share)
        return (head + links.code(head)).base64URL
    }

    package func share(of token: String) -> ShareReference? {
        guard token.utf8.count < 100, let bytes = Data(base64URL: token),
            bytes.count == Self.headBytes + SHA256.byteCount
        else { return nil }
        let head = Data(bytes.prefix(Self.headBytes))
        guard links.isValid(Data(bytes.suffix(SHA256.byteCount)), for: head) else { return nil }
        return Self.reference(head)
    }

    package func token(of pass: GuestPass) -> String {
        var message = Self.head(pass.share)
        withUnsafeBytes(of: pass.expiresAt.milliseconds.bigEndian) { message += $0 }
        message += Data(pass.name.utf8)
        return (message + guests.code(message)).base64URL
    }

    package func pass(of token: String) -> GuestPass? {
        guard token.utf8.count < 1_024, let bytes = Data(base64URL: token),
            bytes.count >= Self.headBytes + 8 + SHA256.byteCount
        else { return nil }
        let message = Data(bytes.dropLast(SHA256.byteCount))
        guard guests.isValid(Data(bytes.suffix(SHA256.byteCount)), for: message),
            let share = Self.reference(message.prefix(Self.headBytes)),
            let name = String(bytes: message.dropFirst(Self.headBytes + 8), encoding: .utf8)
        else { return nil }
        let expiry = message.dropFirst(Self.headBytes).prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return GuestPass(share: share, name: name, expiresAt: Timestamp(milliseconds: expiry))
    }

    private static let headBytes = 32

    private static func head(_ share: ShareReference) -> Data {
        Data(share.tenant.uuid.bytes) + Data(share.share.uuid.bytes)
    }

    private static func reference(_ head: Data) -> ShareReference? {
        guard let tenant = UUIDv7(bytes: head.prefix(16)), let share = UUIDv7(bytes: head.suffix(16)) else {
            return nil
        }
        return ShareReference(tenant: TenantID(tenant), share: ShareID(share))
    }
}
