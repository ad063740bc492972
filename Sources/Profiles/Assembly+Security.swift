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

    func playbackSigner() throws -> HMACPlaybackSigner {
        HMACPlaybackSigner(
            secret: try secret(profile.playback.signingKey, .symmetricKey).symmetricKey,
            lifetime: profile.playback.lifetime)
    }
}
