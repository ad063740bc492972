import Crypto
import Foundation
import Identity
import Kernel
import Security
import Testing

@Suite struct AccessTokenTests {
    private static let settings = SignedTokenIssuer.Settings(
        issuer: "https://here", audience: "api", accessLifetime: .seconds(3_600))

    private let key = Curve25519.Signing.PrivateKey()

    private func issuer(
        key: Curve25519.Signing.PrivateKey? = nil, _ settings: SignedTokenIssuer.Settings = settings
    ) async throws -> SignedTokenIssuer {
        try await SignedTokenIssuer(privateKey: key ?? self.key, settings: settings)
    }

    private func claims(endingIn span: Duration = .seconds(3_600), role: Role = .member) -> AccessClaims {
        let seconds = (Timestamp.now() + span).unixSeconds
        return AccessClaims(
            caller: Caller(tenant: TenantID(), user: UserID(), role: role), session: SessionID(),
            expiresAt: Timestamp(milliseconds: seconds * 1000))
    }

    @Test(arguments: Role.allCases)
    func `a token says who calls, until when`(_ role: Role) async throws {
        let issuer = try await issuer()
        let claims = claims(role: role)
        let token = try await issuer.accessToken(for: claims)
        #expect(try await issuer.verify(accessToken: token) == claims)
    }

    @Test func `the public keys hold the key that the token names`() async throws {
        let issuer = try await issuer()
        let token = try await issuer.accessToken(for: claims())
        let header = try object(token, part: 0)
        #expect(header["alg"] as? String == "EdDSA")
        let keys = try #require(
            JSONSerialization.jsonObject(with: Data(issuer.publicKeys.utf8)) as? [String: [[String: String]]])
        let named = try #require(keys["keys"]?.first)
        #expect(keys["keys"]?.count == 1)
        #expect(header["kid"] as? String == named["kid"])
        #expect(named["x"].flatMap { Data(base64URL: $0) } == key.publicKey.rawRepresentation)
        #expect(named["d"] == nil)
        #expect(try await issuer.publicKeys == self.issuer().publicKeys)
    }

    @Test func `a public key alone checks the signature`() async throws {
        let token = try await issuer().accessToken(for: claims())
        let parts = token.split(separator: ".").map(String.init)
        let signature = try #require(Data(base64URL: parts[2]))
        #expect(key.publicKey.isValidSignature(signature, for: Data("\(parts[0]).\(parts[1])".utf8)))
        let payload = try object(token, part: 1)
        #expect(payload["iss"] as? String == "https://here")
    }

    @Test func `a token whose time is over is token_expired`() async throws {
        let issuer = try await issuer()
        for span in [Duration.seconds(-1), .seconds(-86_400)] {
            let token = try await issuer.accessToken(for: claims(endingIn: span))
            #expect(await code(issuer, token) == "token_expired")
        }
    }

    @Test func `tokens of another issuer, audience or key are unauthenticated`() async throws {
        let mine = try await issuer()
        let others = [
            try await issuer(
                .init(issuer: "https://there", audience: "api", accessLifetime: .seconds(3_600))),
            try await issuer(
                .init(issuer: "https://here", audience: "other", accessLifetime: .seconds(3_600))),
            try await issuer(key: Curve25519.Signing.PrivateKey()),
        ]
        for other in others {
            let token = try await other.accessToken(for: claims())
            #expect(await code(other, token) == nil)
            #expect(await code(mine, token) == "unauthenticated")
        }
    }

    @Test func `an expired token of another key is not even expired`() async throws {
        let other = try await issuer(key: Curve25519.Signing.PrivateKey())
        let token = try await other.accessToken(for: claims(endingIn: .seconds(-60)))
        #expect(await code(try await issuer(), token) == "unauthenticated")
    }

    @Test func `a token changed anywhere is unauthenticated`() async throws {
        let issuer = try await issuer()
        let token = try await issuer.accessToken(for: claims())
        let bytes = Array(token.utf8)
        for index in bytes.indices where index % 3 == 0 {
            var changed = bytes
            changed[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "Q") : UInt8(ascii: "A")
            let text = String(decoding: changed, as: UTF8.self)
            #expect(await code(issuer, text) == "unauthenticated", "changed at \(index)")
        }
    }

    @Test func `claims put in by somebody else are unauthenticated, signed by none or by the public key`()
        async throws
    {
        let issuer = try await issuer()
        let token = try await issuer.accessToken(for: claims(role: .viewer))
        let parts = token.split(separator: ".").map(String.init)
        let payload = try #require(Data(base64URL: parts[1]))
        let forged = Data(String(decoding: payload, as: UTF8.self).replacing("viewer", with: "owner").utf8)
        let kid = try #require(object(token, part: 0)["kid"] as? String)
        let none = Data(#"{"alg":"none","typ":"JWT","kid":"\#(kid)"}"#.utf8).base64URL
        let shared = Data(#"{"alg":"HS256","typ":"JWT","kid":"\#(kid)"}"#.utf8).base64URL
        let message = Data("\(shared).\(forged.base64URL)".utf8)
        let code256 = Data(
            HMAC<SHA256>.authenticationCode(
                for: message, using: SymmetricKey(data: key.publicKey.rawRepresentation)))
        for text in [
            "\(parts[0]).\(forged.base64URL).\(parts[2])", "\(none).\(forged.base64URL).",
            "\(none).\(forged.base64URL).\(parts[2])", "\(shared).\(forged.base64URL).\(code256.base64URL)",
            "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", "", ".", "..", "a.b.c", parts[2],
        ] {
            #expect(await code(issuer, text) == "unauthenticated", "\(text)")
        }
    }

    private func code(_ issuer: SignedTokenIssuer, _ token: String) async -> String? {
        do {
            _ = try await issuer.verify(accessToken: token)
            return nil
        } catch { return (error as? Failure)?.code ?? "\(error)" }
    }

    private func object(_ token: String, part: Int) throws -> [String: Any] {
        let text = String(token.split(separator: ".")[part])
        let bytes = try #require(Data(base64URL: text))
        return try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }
}
