import Crypto
import Foundation
import Kernel
import Security
import Synchronization
import Testing

@Suite struct ServiceTokenTests {
    private let key = Curve25519.Signing.PrivateKey()
    private let clock = SteppedClock()

    private func signer(
        _ key: Curve25519.Signing.PrivateKey? = nil, _ grant: ServiceGrant = .forwarding
    ) -> ServiceTokenSigner {
        ServiceTokenSigner(key: key ?? self.key, grant: grant, now: clock.now)
    }

    private func verifier(
        _ keys: [Curve25519.Signing.PrivateKey]? = nil, _ grant: ServiceGrant = .forwarding
    ) async -> ServiceTokenVerifier {
        await ServiceTokenVerifier(
            keys: (keys ?? [key]).map(\.publicKey), grant: grant, now: clock.now)
    }

    private func isRefused(_ token: String?, by verifier: ServiceTokenVerifier) async -> Bool {
        do {
            try await verifier.check(token)
            return false
        } catch {
            return (error as? Failure)?.code == "service_unauthenticated"
        }
    }

    @Test func `what a gateway shows opens an api, again and again for a minute`() async throws {
        let token = try signer().token()
        let verifier = await verifier()
        for _ in 0..<3 { try await verifier.check(token) }
        clock.step(.seconds(69))
        try await verifier.check(token)
        clock.step(.seconds(2))
        #expect(await isRefused(token, by: verifier))
        #expect(await isRefused(token, by: self.verifier()), "seen for the first time")
    }

    @Test func `a token is used for half of its life`() throws {
        let signer = signer()
        let first = try signer.token()
        clock.step(.seconds(29))
        #expect(try signer.token() == first)
        clock.step(.seconds(1))
        #expect(try signer.token() != first)
    }

    @Test func `a stolen token reaches what it was made for and nothing else`() async throws {
        let token = try signer().token()
        for other in [
            ServiceGrant(issuer: "gateway", audience: "worker", scope: "requests:forward"),
            ServiceGrant(issuer: "gateway", audience: "api", scope: "metrics:read"),
            ServiceGrant(issuer: "worker", audience: "api", scope: "requests:forward"),
        ] {
            #expect(await isRefused(token, by: verifier(nil, other)), "\(other)")
            let theirs = try signer(nil, other).token()
            #expect(await isRefused(theirs, by: verifier()), "\(other)")
        }
    }

    @Test func `it is no user's token, and no user's token is one`() async throws {
        let issuer = try await SignedTokenIssuer(
            privateKey: key, settings: .init(issuer: "gateway", audience: "api", accessLifetime: .seconds(60))
        )
        let service = try signer().token()
        await #expect(throws: Failure.self) { try await issuer.verify(accessToken: service) }
    }

    @Test func `a key may be changed while both are trusted`() async throws {
        let new = Curve25519.Signing.PrivateKey()
        let both = await verifier([key, new])
        try await both.check(signer().token())
        try await both.check(signer(new).token())
        #expect(await isRefused(try signer(new).token(), by: verifier()))
    }

    @Test func `what is not a whole token of now is refused`() async throws {
        let token = try signer().token()
        let parts = token.split(separator: ".").map(String.init)
        let unsigned = Data(#"{"alg":"none"}"#.utf8).base64URL + "." + parts[1] + "."
        let verifier = await verifier()
        for bad in [
            nil, "", "x", parts[0], parts[0] + "." + parts[1], token + "A", unsigned,
            parts[1] + "." + parts[0] + "." + parts[2], String(repeating: "a", count: 100_000),
        ] {
            #expect(await isRefused(bad, by: verifier), "\(bad?.prefix(40) ?? "none")")
        }
        let ahead = SteppedClock(at: clock.now() + .seconds(60))
        let early = try ServiceTokenSigner(key: key, grant: .forwarding, now: ahead.now).token()
        #expect(await isRefused(early, by: verifier))
    }

    @Test func `many tokens take bounded memory, and each is still checked`() async throws {
        let verifier = await verifier()
        for _ in 0..<600 {
            try await verifier.check(ServiceTokenSigner(key: key, grant: .forwarding, now: clock.now).token())
            clock.step(.milliseconds(1500))
        }
    }
}

private final class SteppedClock: Sendable {
    private let time: Mutex<Timestamp>

    init(at start: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)) { time = Mutex(start) }

    var now: @Sendable () -> Timestamp { { self.time.withLock { $0 } } }

    func step(_ span: Duration) { time.withLock { $0 = $0 + span } }
}
