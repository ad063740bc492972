import Crypto
import Foundation
import Kernel
import Security
import Testing
import Videos

@Suite struct PlaybackSignerTests {
    private static let lifetime = Duration.seconds(600)
    private let signer = HMACPlaybackSigner(secret: SymmetricKey(size: .bits256), lifetime: lifetime)
    private let tenant = TenantID()
    private let video = VideoID()

    @Test func `a grant opens its tenant's video until its time`() {
        for _ in 0..<200 {
            let time = Timestamp(milliseconds: .random(in: 0...4_000_000_000_000))
            let grant = signer.grant(tenant: tenant, video: video, at: time)
            let opened = VerifiedPlayback(tenant: tenant, expiresAt: grant.expiresAt)
            #expect(signer.verify(token: grant.token, video: video, at: time) == opened)
            let last = grant.expiresAt - .milliseconds(1)
            #expect(signer.verify(token: grant.token, video: video, at: last) == opened)
            #expect(signer.verify(token: grant.token, video: video, at: grant.expiresAt) == nil)
        }
    }

    @Test func `a grant holds for the lifetime at most and half of it at least`() {
        for _ in 0..<2_000 {
            let time = Timestamp(milliseconds: .random(in: 0...4_000_000_000_000))
            let held = signer.grant(tenant: tenant, video: video, at: time).expiresAt - time
            #expect(held >= Self.lifetime / 2 && held <= Self.lifetime)
        }
    }

    @Test func `all who ask within a window get the same token, later ones another`() {
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        let window = Self.lifetime / 2
        let tokens = [Duration.zero, .seconds(1), window - .milliseconds(1)].map {
            signer.grant(tenant: tenant, video: video, at: start + $0)
        }
        #expect(Set(tokens.map(\.token)).count == 1)
        #expect(Set(tokens.map(\.expiresAt)).count == 1)
        #expect(signer.grant(tenant: tenant, video: video, at: start + window).token != tokens[0].token)
    }

    @Test func `a grant opens no other video, and not under another secret`() {
        let time = Timestamp.now()
        let grant = signer.grant(tenant: tenant, video: video, at: time)
        #expect(signer.verify(token: grant.token, video: VideoID(), at: time) == nil)
        let other = HMACPlaybackSigner(secret: SymmetricKey(size: .bits256), lifetime: Self.lifetime)
        #expect(other.verify(token: grant.token, video: video, at: time) == nil)
        #expect(grant.token != signer.grant(tenant: TenantID(), video: video, at: time).token)
        #expect(grant.token != signer.grant(tenant: tenant, video: VideoID(), at: time).token)
    }

    @Test func `every changed bit is refused, and what is no token`() throws {
        let time = Timestamp.now()
        let token = signer.grant(tenant: tenant, video: video, at: time).token
        let bytes = try #require(Data(base64URL: token))
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                #expect(signer.verify(token: changed.base64URL, video: video, at: time) == nil)
            }
        }
        for text in ["", "x", token + "A", String(token.dropLast(2)), String(repeating: "A", count: 1 << 20)]
        {
            #expect(signer.verify(token: text, video: video, at: time) == nil)
        }
    }

    @Test func `a token fits into a path`() {
        let token = signer.grant(tenant: tenant, video: video, at: .now()).token
        #expect(token.utf8.count < 100)
        #expect(!token.contains { "+/=%?#&".contains($0) })
    }
}
