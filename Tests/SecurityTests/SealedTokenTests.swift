import Crypto
import Foundation
import Identity
import Kernel
import Security
import Testing

@Suite struct SealedTokenTests {
    private static func issuer() async throws -> SignedTokenIssuer {
        try await SignedTokenIssuer(
            privateKey: Curve25519.Signing.PrivateKey(),
            settings: .init(issuer: "i", audience: "a", accessLifetime: .seconds(60)))
    }

    private func claims(_ purpose: SealedClaims.Purpose, generation: Int = 7) -> SealedClaims {
        SealedClaims(
            purpose: purpose, tenant: TenantID(), subject: UUIDv7(), generation: generation)
    }

    @Test(arguments: [0, 1, 255, 256, Int(UInt32.max)])
    func `a token opens to what was sealed, and equal claims give equal tokens`(_ generation: Int)
        async throws
    {
        let issuer = try await Self.issuer()
        for purpose in [SealedClaims.Purpose.refresh, .invitation] {
            let claims = claims(purpose, generation: generation)
            let token = issuer.seal(claims)
            #expect(issuer.open(token, purpose: purpose) == claims)
            #expect(issuer.seal(claims) == token)
            #expect(
                token.utf8.allSatisfy { UInt8(ascii: "-") == $0 || $0 == UInt8(ascii: "_") || isWord($0) })
        }
    }

    private func isWord(_ byte: UInt8) -> Bool {
        let character = Character(UnicodeScalar(byte))
        return character.isLetter || character.isNumber
    }

    @Test func `a token of one purpose does not open for another`() async throws {
        let issuer = try await Self.issuer()
        #expect(issuer.open(issuer.seal(claims(.refresh)), purpose: .invitation) == nil)
        #expect(issuer.open(issuer.seal(claims(.invitation)), purpose: .refresh) == nil)
    }

    @Test func `a token of another key does not open`() async throws {
        let other = try await Self.issuer()
        #expect(try await Self.issuer().open(other.seal(claims(.refresh)), purpose: .refresh) == nil)
    }

    @Test func `every changed bit is refused, and every other length`() async throws {
        let issuer = try await Self.issuer()
        let token = issuer.seal(claims(.refresh))
        let bytes = try #require(Data(base64URL: token))
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                for purpose in [SealedClaims.Purpose.refresh, .invitation] {
                    #expect(issuer.open(changed.base64URL, purpose: purpose) == nil)
                }
            }
        }
        for count in 0..<bytes.count {
            #expect(issuer.open(bytes.prefix(count).base64URL, purpose: .refresh) == nil)
        }
        #expect(issuer.open((bytes + [0]).base64URL, purpose: .refresh) == nil)
        #expect(issuer.open(token + token, purpose: .refresh) == nil)
        #expect(issuer.open(String(repeating: "A", count: 1 << 20), purpose: .refresh) == nil)
        for text in ["", "=", "é", "....", " " + token] {
            #expect(issuer.open(text, purpose: .refresh) == nil)
        }
    }

    @Test func `a code of one purpose is none of another's`() {
        let secret = SymmetricKey(size: .bits256)
        let first = SealingKey(secret: secret, purpose: "first")
        let second = SealingKey(secret: secret, purpose: "second")
        let message = Data("message".utf8)
        #expect(first.isValid(first.code(message), for: message))
        #expect(!second.isValid(first.code(message), for: message))
        #expect(first.isValid(first.code(message).prefix(16), for: message))
        #expect(!first.isValid(first.code(message).prefix(15), for: message))
        #expect(!first.isValid(first.code(message) + [0], for: message))
        #expect(!first.isValid(Data(), for: message))
    }

    @Test func `bytes of every length come back from their URL text`() {
        for count in 0..<100 {
            let bytes = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 251) })
            #expect(Data(base64URL: bytes.base64URL) == bytes)
            #expect(!bytes.base64URL.contains { "+/=".contains($0) })
        }
    }
}
