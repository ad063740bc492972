package import Crypto
private import Foundation
package import Identity
private import JWTKit
import Kernel

/// Access tokens as EdDSA JWTs, and sealed opaque tokens, from one private key.
package struct SignedTokenIssuer: TokenIssuer {
    package struct Settings: Sendable {
        package let issuer: String
        package let audience: String
        package let accessLifetime: Duration

        package init(issuer: String, audience: String, accessLifetime: Duration) {
            self.issuer = issuer
            self.audience = audience
            self.accessLifetime = accessLifetime
        }
    }

    package let publicKeys: String
    package var accessLifetime: Duration { settings.accessLifetime }
    private let keys: JWTKeyCollection
    private let keyID: JWKIdentifier
    private let sealing: SealingKey
    private let settings: Settings

    package init(privateKey: Curve25519.Signing.PrivateKey, settings: Settings) async throws {
        self.settings = settings
        let raw = privateKey.publicKey.rawRepresentation
        let thumbprint = Data(SHA256.hash(data: raw)).prefix(12).base64URL
        keyID = JWKIdentifier(string: thumbprint)
        keys = await JWTKeyCollection().add(eddsa: EdDSA.PrivateKey(backing: privateKey), kid: keyID)
        publicKeys =
            #"{"keys":[{"alg":"EdDSA","crv":"Ed25519","kid":"\#(thumbprint)","kty":"OKP","use":"sig","x":"\#(raw.base64URL)"}]}"#
        sealing = SealingKey(
            secret: SymmetricKey(data: privateKey.rawRepresentation), purpose: "sealed-tokens")
    }

    private struct Payload: JWTPayload {
        let iss: IssuerClaim
        let aud: AudienceClaim
        let sub: SubjectClaim
        let exp: ExpirationClaim
        let iat: IssuedAtClaim
        let tid: String
        let sid: String
        let role: String

        func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }
    }

    package func accessToken(for claims: AccessClaims) async throws -> String {
        let expiry = Date(timeIntervalSince1970: Double(claims.expiresAt.unixSeconds))
        let payload = Payload(
            iss: IssuerClaim(value: settings.issuer), aud: AudienceClaim(value: settings.audience),
            sub: SubjectClaim(value: claims.caller.user.description), exp: ExpirationClaim(value: expiry),
            iat: IssuedAtClaim(value: Date()), tid: claims.caller.tenant.description,
            sid: claims.session.description, role: claims.caller.role.rawValue)
        return try await keys.sign(payload, kid: keyID)
    }

    package func verify(accessToken: String) async throws -> AccessClaims {
        let refused = Failure(.unauthorised, "unauthenticated", "The access token is not valid.")
        let payload: Payload
        do {
            payload = try await keys.verify(accessToken, as: Payload.self)
        } catch let error as JWTError where error.errorType == .claimVerificationFailure {
            throw Failure(.unauthorised, "token_expired", "The access token has expired; refresh it.")
        } catch {
            throw refused
        }
        guard payload.iss.value == settings.issuer, payload.aud.value.contains(settings.audience),
            let tenant = TenantID(payload.tid), let user = UserID(payload.sub.value),
            let session = SessionID(payload.sid), let role = Role(rawValue: payload.role)
        else { throw refused }
        let expiresAt = Timestamp(milliseconds: Int64(payload.exp.value.timeIntervalSince1970 * 1000))
        return AccessClaims(
            caller: Caller(tenant: tenant, user: user, role: role), session: session, expiresAt: expiresAt)
    }

    package func seal(_ claims: SealedClaims) -> String {
        var message = Data([claims.purpose.rawValue])
        message += claims.tenant.uuid.bytes + claims.subject.bytes
        withUnsafeBytes(of: UInt32(claims.generation).bigEndian) { message += $0 }
        return (message + sealing.code(message)).base64URL
    }

    private static let messageBytes = 1 + 16 + 16 + 4

    package func open(_ token: String, purpose: SealedClaims.Purpose) -> SealedClaims? {
        guard token.utf8.count < 200, let bytes = Data(base64URL: token),
            bytes.count == Self.messageBytes + SHA256.byteCount
        else { return nil }
        let message = bytes.prefix(Self.messageBytes)
        guard sealing.isValid(Data(bytes.suffix(SHA256.byteCount)), for: message),
            message.first == purpose.rawValue,
            let tenant = UUIDv7(bytes: message.dropFirst(1).prefix(16)),
            let subject = UUIDv7(bytes: message.dropFirst(17).prefix(16))
        else { return nil }
        let generation = message.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return SealedClaims(
            purpose: purpose, tenant: TenantID(tenant), subject: subject, generation: generation)
    }
}
