package import Crypto
private import Foundation
package import Kernel
package import Videos

/// Playback tokens of 56 bytes: tenant, expiry, code. Expiries fall on a grid, so that all viewers share a token.
package struct HMACPlaybackSigner: PlaybackSigner {
    private let key: SealingKey
    private let lifetime: Duration

    /// A grant holds for `lifetime` at the longest and half of it at the shortest.
    package init(secret: SymmetricKey, lifetime: Duration) {
        key = SealingKey(secret: secret, purpose: "playback")
        self.lifetime = lifetime
    }

    package func grant(tenant: TenantID, video: VideoID, at time: Timestamp) -> PlaybackGrant {
        let window = max(1, Int64(lifetime.inSeconds) / 2)
        let expiry = (time.unixSeconds / window + 2) * window
        let head = head(tenant, expiry)
        let token = (head + key.code(head + video.uuid.bytes)).base64URL
        return PlaybackGrant(token: token, expiresAt: Timestamp(milliseconds: expiry * 1000))
    }

    package func verify(token: String, video: VideoID, at time: Timestamp) -> VerifiedPlayback? {
        guard token.utf8.count < 100, let bytes = Data(base64URL: token), bytes.count == 24 + SHA256.byteCount
        else { return nil }
        let head = Data(bytes.prefix(24))
        guard key.isValid(Data(bytes.suffix(SHA256.byteCount)), for: head + video.uuid.bytes),
            let tenant = UUIDv7(bytes: head.prefix(16))
        else { return nil }
        let expiresAt = Timestamp(milliseconds: 1000 * head.suffix(8).reduce(0) { $0 << 8 | Int64($1) })
        return time < expiresAt ? VerifiedPlayback(tenant: TenantID(tenant), expiresAt: expiresAt) : nil
    }

    private func head(_ tenant: TenantID, _ expiry: Int64) -> Data {
        var head = Data(tenant.uuid.bytes)
        withUnsafeBytes(of: expiry.bigEndian) { head += $0 }
        return head
    }
}
