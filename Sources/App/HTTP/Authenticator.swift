import Identity
import Kernel
import Synchronization

/// From bearer token to identity. Verified tokens are kept, bounded; sessions are looked at again every few seconds,
/// so that a revocation is seen soon everywhere.
final class Authenticator: Sendable {
    static let missingToken = Failure(.unauthorised, "unauthenticated", "Please send a valid access token.")
    private static let recheck: Duration = .seconds(5)

    private struct Entry {
        let identity: VerifiedIdentity
        let checkedAt: Timestamp
    }

    private let tokens: any TokenIssuer
    private let accounts: Accounts
    private let directory: any TenantDirectory
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let known = Mutex<[String: Entry]>([:])

    init(
        tokens: any TokenIssuer, accounts: Accounts, directory: any TenantDirectory, capacity: Int,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.tokens = tokens
        self.accounts = accounts
        self.directory = directory
        self.capacity = capacity
        self.now = now
    }

    /// `unauthenticated`, `token_expired`, `session_revoked`.
    func authenticate(_ header: String?) async throws -> VerifiedIdentity {
        guard let header, header.count < 4096, header.lowercased().hasPrefix("bearer ") else {
            throw Self.missingToken
        }
        let token = String(header.dropFirst(7))
        let time = now()
        if let entry = known.withLock({ $0[token] }), time < entry.checkedAt + Self.recheck,
            time < entry.identity.claims.expiresAt
        {
            return entry.identity
        }
        let claims = try await claims(of: token, at: time)
        guard let caller = try await accounts.current(claims) else {
            forget(token)
            throw Failure(.unauthorised, "session_revoked", "This session has ended; please log in again.")
        }
        guard let placement = try await directory.placement(of: caller.tenant) else {
            throw Self.missingToken
        }
        let identity = VerifiedIdentity(claims: claims, caller: caller, placement: placement)
        remember(token, Entry(identity: identity, checkedAt: time))
        return identity
    }

    /// Ends what is known of a session here at once.
    func forget(session: SessionID) {
        known.withLock { known in known = known.filter { $0.value.identity.claims.session != session } }
    }

    /// The signature is the costly part, and a token that was genuine once stays so.
    private func claims(of token: String, at time: Timestamp) async throws -> AccessClaims {
        if let entry = known.withLock({ $0[token] }), time < entry.identity.claims.expiresAt {
            return entry.identity.claims
        }
        return try await tokens.verify(accessToken: token)
    }

    private func forget(_ token: String) { known.withLock { _ = $0.removeValue(forKey: token) } }

    private func remember(_ token: String, _ entry: Entry) {
        known.withLock { known in
            if known.count >= capacity, known[token] == nil {
                let time = entry.checkedAt
                known = known.filter { $0.value.identity.claims.expiresAt > time }
                while known.count >= capacity, let any = known.first?.key { known.removeValue(forKey: any) }
            }
            known[token] = entry
        }
    }
}
