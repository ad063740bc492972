package import Crypto
private import Foundation
private import JWTKit
package import Kernel
private import Synchronization

/// The right that a token between services carries, and between whom.
package struct ServiceGrant: Sendable, Equatable {
    /// The service that calls.
    package let issuer: String
    /// The service that is called.
    package let audience: String
    /// What it may ask for. It says nothing about a user, whose own token is needed besides.
    package let scope: String

    package init(issuer: String, audience: String, scope: String) {
        self.issuer = issuer
        self.audience = audience
        self.scope = scope
    }

    /// Requests of clients, passed on.
    package static let forwarding = ServiceGrant(
        issuer: "gateway", audience: "api", scope: "requests:forward")
}

/// Makes the tokens a service shows on each of its calls: EdDSA JWTs of a minute.
package final class ServiceTokenSigner: Sendable {
    package static let lifetime = Duration.seconds(60)

    private let key: Curve25519.Signing.PrivateKey
    private let grant: ServiceGrant
    private let now: @Sendable () -> Timestamp
    private let current = Mutex<(token: String, renewal: Timestamp)?>(nil)

    package init(
        key: Curve25519.Signing.PrivateKey, grant: ServiceGrant,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.key = key
        self.grant = grant
        self.now = now
    }

    /// The same until half of its time has passed, so that a call costs no signature.
    package func token() throws -> String {
        let now = now()
        return try current.withLock { current in
            if let current, now < current.renewal { return current.token }
            let token = try sign(at: now)
            current = (token, now + Self.lifetime / 2)
            return token
        }
    }

    private func sign(at now: Timestamp) throws -> String {
        let header = ["alg": "EdDSA", "typ": "JWT", "kid": key.publicKey.thumbprint]
        let claims = ServiceClaims(
            iss: grant.issuer, aud: grant.audience, scope: grant.scope, iat: now.unixSeconds,
            exp: (now + Self.lifetime).unixSeconds)
        let encoder = JSONEncoder()
        let signed = try encoder.encode(header).base64URL + "." + encoder.encode(claims).base64URL
        return try signed + "." + key.signature(for: Data(signed.utf8)).base64URL
    }
}

/// Checks what callers show. It holds public keys alone: who is called cannot pose as who calls.
package final class ServiceTokenVerifier: Sendable {
    private let keys: JWTKeyCollection
    private let grant: ServiceGrant
    private let now: @Sendable () -> Timestamp
    /// Tokens with their ends, so that a signature is checked once.
    private let known = Mutex<[String: Timestamp]>([:])

    private static let maximumKnown = 256
    /// Clocks of two machines may differ by so much.
    private static let leeway = Duration.seconds(10)

    /// Several keys, for callers that change theirs.
    package init(
        keys trusted: [Curve25519.Signing.PublicKey], grant: ServiceGrant,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) async {
        keys = JWTKeyCollection()
        for key in trusted {
            await keys.add(
                eddsa: EdDSA.PublicKey(backing: key), kid: JWKIdentifier(string: key.thumbprint))
        }
        self.grant = grant
        self.now = now
    }

    /// Throws `unauthorised`, code `service_unauthenticated`, unless `token` carries the grant and its time is not over.
    package func check(_ token: String?) async throws {
        let refused = Failure(
            .unauthorised, "service_unauthenticated", "Only services of this deployment may call here.")
        guard let token, token.utf8.count < 1024 else { throw refused }
        let now = now()
        if let end = known.withLock({ $0[token] }) {
            guard now < end else { throw refused }
            return
        }
        // Whatever is wrong with it: the caller is told no more.
        guard let claims = try? await keys.verify(token, as: ServiceClaims.self),
            claims.iss == grant.issuer, claims.aud == grant.audience, claims.scope == grant.scope
        else { throw refused }
        let end = Timestamp(milliseconds: claims.exp * 1000) + Self.leeway
        let isOfNow = Timestamp(milliseconds: claims.iat * 1000) <= now + Self.leeway && now < end
        guard isOfNow, claims.exp - claims.iat <= Int64(ServiceTokenSigner.lifetime / .seconds(1)) else {
            throw refused
        }
        known.withLock { known in
            if known.count >= Self.maximumKnown { known = known.filter { now < $0.value } }
            if known.count < Self.maximumKnown { known[token] = end }
        }
    }
}

private struct ServiceClaims: JWTPayload {
    let iss: String
    let aud: String
    let scope: String
    let iat: Int64
    let exp: Int64

    /// Its time is compared with the verifier's own clock.
    func verify(using algorithm: some JWTAlgorithm) {}
}

extension Curve25519.Signing.PublicKey {
    fileprivate var thumbprint: String {
        Data(SHA256.hash(data: rawRepresentation)).prefix(12).base64URL
    }
}
