import Crypto
import Foundation
import Kernel
import Security
import Testing
import Videos

@Suite struct ShareTokensTests {
    private let tokens = HMACShareTokens(secret: SymmetricKey(size: .bits256))
    private let share = ShareReference(tenant: TenantID(), share: ShareID())

    private func pass(_ name: String = "Gäste 🦆") -> GuestPass {
        GuestPass(share: share, name: name, expiresAt: Timestamp(milliseconds: 1_800_000_000_123))
    }

    @Test func `a link's token says which link it is, and is the same each time`() {
        let token = tokens.token(of: share)
        #expect(token == tokens.token(of: share))
        #expect(tokens.share(of: token) == share)
        #expect(HMACShareTokens(secret: SymmetricKey(size: .bits256)).share(of: token) == nil)
    }

    @Test func `a guest's pass says who came by which link and until when`() {
        for name in ["", "Guest", pass().name, String(repeating: "🦆", count: 80)] {
            #expect(tokens.pass(of: tokens.token(of: pass(name))) == pass(name))
        }
        let other = HMACShareTokens(secret: SymmetricKey(size: .bits256))
        #expect(other.pass(of: tokens.token(of: pass())) == nil)
    }

    @Test func `neither passes for the other`() {
        #expect(tokens.pass(of: tokens.token(of: share)) == nil)
        for name in ["", "a", "abcdefgh"] {
            #expect(tokens.share(of: tokens.token(of: pass(name))) == nil)
        }
    }

    @Test func `every changed bit is refused, and what is no token`() throws {
        for token in [tokens.token(of: share), tokens.token(of: pass())] {
            let bytes = try #require(Data(base64URL: token))
            for index in bytes.indices {
                for bit in 0..<8 {
                    var changed = bytes
                    changed[index] ^= 1 << UInt8(bit)
                    #expect(tokens.share(of: changed.base64URL) == nil)
                    #expect(tokens.pass(of: changed.base64URL) == nil)
                }
            }
            for wrong in [
                "", "a", String(token.dropLast(2)), token + "AA", String(repeating: "A", count: 86),
            ] {
                #expect(tokens.share(of: wrong) == nil && tokens.pass(of: wrong) == nil)
            }
        }
    }

    @Test func `a guest's grant opens the video for the link alone, and ends with it`() {
        let signer = HMACPlaybackSigner(secret: SymmetricKey(size: .bits256), lifetime: .seconds(600))
        let (video, now) = (VideoID(), Timestamp(milliseconds: 1_800_000_000_000))
        for (end, expected) in [(now + .seconds(90), now + .seconds(90)), (now + .seconds(86_400), nil)] {
            let grant = signer.grant(
                tenant: share.tenant, video: video, share: share.share, until: end, at: now)
            let usual = signer.grant(tenant: share.tenant, video: video, at: now)
            #expect(grant.expiresAt == expected ?? usual.expiresAt)
            let opened = signer.verify(token: grant.token, video: video, at: now)
            #expect(opened?.share == share.share && opened?.tenant == share.tenant)
            #expect(signer.verify(token: grant.token, video: VideoID(), at: now) == nil)
            #expect(signer.verify(token: grant.token, video: video, at: grant.expiresAt) == nil)
            #expect(signer.verify(token: usual.token, video: video, at: now)?.share == nil)
        }
    }

    @Test func `a guest's grant without its link is no member's`() throws {
        let signer = HMACPlaybackSigner(secret: SymmetricKey(size: .bits256), lifetime: .seconds(600))
        let (video, now) = (VideoID(), Timestamp.now())
        let grant = signer.grant(
            tenant: share.tenant, video: video, share: share.share, until: now + .seconds(90), at: now)
        let bytes = try #require(Data(base64URL: grant.token))
        let without = (bytes.prefix(24) + bytes.suffix(32)).base64URL
        #expect(signer.verify(token: without, video: video, at: now) == nil)
    }
}
