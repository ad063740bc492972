package import Crypto
private import Foundation
package import Kernel
package import Videos

/// Playback tokens of 56 bytes: tenant, expiry, code; those of guests have 72, with their link before the code. Expiries fall on a grid, so that all viewers share a token.
package struct HMACPlaybackSigner: PlaybackSigner {
    private let key: SealingKey
    private let lifetime: Duration

    /// A grant holds for `lifetime` at the longest and half of it at the shortest.
    package init(secret: SymmetricKey, lifetime: Duration) {
        key = SealingKey(secret: secret, purpose: "playback")
        self.lifetime = lifetime
    }

    package func grant(tenant: TenantID, video: VideoID, at time: Timestamp) -> PlaybackGrant {
        grant(head(tenant, expiry(at: time)), video, expiry: expiry(at: time))
    }

    package func grant(
        tenant: TenantID, video: VideoID, share: ShareID, until end: Timestamp, at time: Timestamp
    ) -> PlaybackGrant {
        let expiry = min(expiry(at: time), end.unixSeconds)
        return grant(head(tenant, expiry) + Data(share.uuid.bytes), video, expiry: expiry)
    }

    private func grant(_ head: Data, _ video: VideoID, expiry: Int64) -> PlaybackGrant {
        let token = (head + key.code(head + video.uuid.bytes)).base64URL
        return PlaybackGrant(token: token, expiresAt: Timestamp(milliseconds: expiry * 1000))
    }

    private func expiry(at time: Timestamp) -> Int64 {
        let window = max(1, Int64(lifetime.inSeconds) / 2)
        return (time.unixSeconds / window + 2) * window
    }

    package func verify(token: String, video: VideoID, at time: Timestamp) -> VerifiedPlayback? {
        guard token.utf8.count < 100, let bytes = Data(base64URL: token) else { return nil }
        let headBytes = bytes.count - SHA256.byteCount
        // The code covers the head and the video: heads of two lengths never stand for one another.
        guard headBytes == Self.headBytes || headBytes == Self.headBytes + Self.shareBytes else { return nil }
        let head = Data(bytes.prefix(headBytes))
        guard key.isValid(Data(bytes.suffix(SHA256.byteCount)), for: head + video.uuid.bytes),
            let tenant = UUIDv7(bytes: head.prefix(16))
        else { return nil }
        let expiresAt = Timestamp(
            milliseconds: 1000 * head.dropFirst(16).prefix(8).reduce(0) { $0 << 8 | Int64($1) })
        guard time < expiresAt else { return nil }
        let share = UUIDv7(bytes: head.dropFirst(Self.headBytes)).map { ShareID($0) }
        return VerifiedPlayback(tenant: TenantID(tenant), expiresAt: expiresAt, share: share)
    }

    private static let headBytes = 24
    private static let shareBytes = 16

    private func head(_ tenant: TenantID, _ expiry: Int64) -> Data {
        var head = Data(tenant.uuid.bytes)
        withUnsafeBytes(of: expiry.bigEndian) { head += $0 }
        return head
    }
}
