import Crypto
import Kernel
import Security

extension Assembly {
    func secret(_ reference: SecretReference, _ kind: SecretKind) throws -> Secret {
        try reference.resolve(kind, createMissing: profile.secrets.createMissing)
    }

    func passwordHasher() -> ScryptPasswordHasher {
        let settings = profile.identity.passwordHash
        return ScryptPasswordHasher(rounds: settings.scryptRounds, concurrent: settings.concurrent)
    }

    func tokenIssuer(_ key: Curve25519.Signing.PrivateKey) async throws -> SignedTokenIssuer {
        let identity = profile.identity
        return try await SignedTokenIssuer(
            privateKey: key,
            settings: .init(
                issuer: identity.issuer, audience: identity.audience,
                accessLifetime: identity.accessTokenLifetime))
    }

    func serviceToken() throws -> @Sendable () -> String? {
        guard case .tokens(let services) = profile.services, profile.roles.contains(.gateway) else {
            return { nil }
        }
        let signer = ServiceTokenSigner(
            key: try secret(services.signingKey, .signingKey).signingKey(), grant: .forwarding)
        // Without one the api refuses and says so.
        return { try? signer.token() }
    }

    func callerCheck() async throws -> (@Sendable (String?) async throws -> Void)? {
        let isAsked = profile.roles.contains(.api) || profile.roles.contains(.chat)
        guard case .tokens(let services) = profile.services, isAsked else { return nil }
        let verifier = await ServiceTokenVerifier(
            keys: try secret(services.trustedKeys, .verifyingKeys).verifyingKeys(), grant: .forwarding)
        return { try await verifier.check($0) }
    }

    func playbackSigner() throws -> HMACPlaybackSigner {
        HMACPlaybackSigner(
            secret: try secret(profile.playback.signingKey, .symmetricKey).symmetricKey,
            lifetime: profile.playback.lifetime)
    }
}
