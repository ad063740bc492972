import Crypto
import Identity
import Kernel
import Relational
import Security
import TestDatabase

/// The accounts as they are put together in `seed`, over a database of their own and a clock that tests move.
struct Stage: Sendable {
    let store: any IdentityStore
    let tokens: any TokenIssuer
    let outbox: Outbox
    let clock: ManualClock

    static let refreshLifetime = Duration.seconds(3_600)
    static let invitationLifetime = Duration.seconds(600)

    static func with(_ test: (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { file in
            let clock = ManualClock()
            let database = file.database { clock.now }
            let store = RelationalIdentityStore(database)
            let tokens = try await SignedTokenIssuer(
                privateKey: Curve25519.Signing.PrivateKey(),
                settings: .init(issuer: "test", audience: "test", accessLifetime: .seconds(60)))
            try await test(Stage(store: store, tokens: tokens, outbox: Outbox(database), clock: clock))
        }
    }

    var accounts: Accounts { accounts(passwords: Self.passwords) }

    func accounts(passwords: any PasswordHasher) -> Accounts {
        Accounts(
            store: store, passwords: passwords, tokens: tokens,
            settings: .init(
                region: "eu", shard: 0, refreshLifetime: Self.refreshLifetime,
                invitationLifetime: Self.invitationLifetime),
            now: { clock.now })
    }

    static let passwords = ScryptPasswordHasher(rounds: 16, concurrent: 2)
    static let password = "correct horse"

    func signUp(_ email: String = "ada@example.com", team: String = "Ada's", once: OnceKey? = nil)
        async throws -> Accounts.Entry
    {
        try await accounts.signUp(
            SignUp(teamName: team, region: nil, email: email, name: "Ada", password: Self.password),
            once: once)
    }

    /// Somebody new in the team of `owner`.
    func join(_ email: String, as role: Role, by owner: Caller) async throws -> Accounts.Entry {
        let offer = try await accounts.invite(email: email, role: role, by: owner, once: nil)
        return try await accounts.accept(
            token: offer.token, name: "Joined", password: Self.password, once: nil)
    }

    func events() async throws -> [Event] { try await outbox.oldest(100).map(\.event) }
}

extension Accounts.Entry {
    var caller: Caller { Caller(tenant: tenant.id, user: user.id, role: user.role) }

    /// What the access token would say; made here because tokens tell the time of the system, not of the test.
    func claims(_ stage: Stage) throws -> AccessClaims {
        guard let sealed = stage.tokens.open(tokens.refresh, purpose: .refresh) else {
            throw Failure(.internal, "test", "the refresh token does not open")
        }
        return AccessClaims(
            caller: caller, session: SessionID(sealed.subject), expiresAt: stage.clock.now + .seconds(60))
    }
}

/// The code of the failure that `body` throws; nil if it throws none.
func failureCode(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? Failure)?.code ?? "not a Failure: \(error)"
    }
}
