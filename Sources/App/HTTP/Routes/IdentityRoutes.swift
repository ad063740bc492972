import Hummingbird
import Identity
import Kernel

/// Sign-up, log-in and the team.
struct IdentityRoutes: Sendable {
    let accounts: Accounts
    let signInLimit: SignInLimit
    /// What people call this server; links in messages start with it.
    let publicURL: String

    var routes: [Route] {
        [
            Route(.post, "/v1/tenants", access: .open, handler: signUp),
            Route(.post, "/v1/sessions", access: .open, handler: signIn),
            Route(.post, "/v1/sessions/refresh", access: .open, handler: refresh),
            Route(.get, "/v1/me", handler: me),
            Route(.patch, "/v1/me", handler: renameMe),
            Route(.get, "/v1/users", handler: users),
            Route(.patch, "/v1/users/{id}", handler: changeRole),
            Route(.delete, "/v1/users/{id}", handler: removeUser),
            Route(.post, "/v1/invitations", handler: invite),
            Route(.post, "/v1/invitations/accept", access: .open, handler: accept),
        ]
    }

    private struct SignUpBody: Decodable, Sendable {
        struct Owner: Decodable, Sendable {
            let email: String
            let name: String
            let password: String
        }
        let name: String
        let region: String?
        let isolation: String?
        let owner: Owner
    }

    @Sendable private func signUp(_ exchange: Exchange) async throws -> Response {
        try await signInLimit.take(exchange.context.remoteAddress)
        let input = try await exchange.input(SignUpBody.self)
        let owner = input.body.owner
        let request = SignUp(
            teamName: input.body.name, region: input.body.region, isolation: input.body.isolation,
            email: owner.email, name: owner.name, password: owner.password)
        return Self.entered(
            try await accounts.signUp(request, from: exchange.device, once: input.once), exchange)
    }

    private static func entered(_ entry: Accounts.Entry, _ exchange: Exchange) -> Response {
        exchange.context.subject.set(entry.caller)
        return .json(.created) { json in
            json.object("tenant") { $0.tenant(entry.tenant) }
            json.object("user") { $0.user(entry.user) }
            json.object("session") { $0.session(entry.tokens) }
        }
    }

    private struct SignInBody: Decodable, Sendable {
        let email: String
        let password: String
    }

    @Sendable private func signIn(_ exchange: Exchange) async throws -> Response {
        let body = try await exchange.input(SignInBody.self).body
        try await signInLimit.take(exchange.context.remoteAddress)
        try await signInLimit.take(account: body.email)
        let entry = try await accounts.signIn(
            email: body.email, password: body.password, from: exchange.device)
        exchange.context.subject.set(entry.caller)
        return .json(.created) { json in
            json.session(entry.tokens)
            json.object("tenant") { $0.tenant(entry.tenant) }
            json.object("user") { $0.user(entry.user) }
        }
    }

    private struct RefreshBody: Decodable, Sendable { let refreshToken: String }

    @Sendable private func refresh(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(RefreshBody.self)
        let entry = try await accounts.refresh(input.body.refreshToken, once: input.once)
        exchange.context.subject.set(entry.caller)
        return .json { $0.session(entry.tokens) }
    }

    @Sendable private func me(_ exchange: Exchange) async throws -> Response {
        let profile = try await accounts.profile(of: exchange.caller)
        return .json { json in
            json.object("user") { $0.user(profile.user) }
            json.object("tenant") { $0.tenant(profile.tenant) }
        }
    }

    private struct NameBody: Decodable, Sendable { let name: String? }

    @Sendable private func renameMe(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(NameBody.self)
        if let name = input.body.name {
            _ = try await accounts.rename(exchange.caller, to: name, once: input.once)
        }
        return try await me(exchange)
    }

    @Sendable private func users(_ exchange: Exchange) async throws -> Response {
        .list(try await accounts.users(exchange.caller, exchange.page)) { $0.user($1) }
    }

    private struct RoleBody: Decodable, Sendable { let role: Role }

    @Sendable private func changeRole(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(RoleBody.self)
        let user = try await accounts.changeRole(
            of: exchange.id("id", "user"), to: input.body.role, by: exchange.caller, once: input.once)
        return .json { $0.user(user) }
    }

    @Sendable private func removeUser(_ exchange: Exchange) async throws -> Response {
        try await accounts.remove(exchange.id("id", "user"), by: exchange.caller, once: exchange.once())
        return .noContent
    }

    private struct InvitationBody: Decodable, Sendable {
        let email: String
        let role: Role
    }

    @Sendable private func invite(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(InvitationBody.self)
        let offer = try await accounts.invite(
            email: input.body.email, role: input.body.role, by: exchange.caller, once: input.once)
        return .json(.created) { json in
            json.object("invitation") { $0.invitation(offer.invitation) }
            json.field("token", offer.token)
            json.field("url", "\(publicURL)/#/invite/\(offer.token)")
        }
    }

    private struct AcceptBody: Decodable, Sendable {
        let token: String
        let name: String
        let password: String
    }

    @Sendable private func accept(_ exchange: Exchange) async throws -> Response {
        try await signInLimit.take(exchange.context.remoteAddress)
        let input = try await exchange.input(AcceptBody.self)
        let body = input.body
        return Self.entered(
            try await accounts.accept(
                token: body.token, name: body.name, password: body.password, from: exchange.device,
                once: input.once), exchange)
    }
}

extension Exchange {
    /// What the client says of itself.
    var device: String? { request.headers[.userAgent] }
}

/// Attempts at passwords, since each costs a slow hash and some are guesses.
struct SignInLimit: Sendable {
    let limiter: any RateLimiter
    let perMinute: Int

    /// `rate_limited` if too much came from this network address.
    func take(_ address: String) async throws { try await takeOne("address:\(address)") }

    /// `rate_limited` if too many guessed at this account, from wherever.
    func take(account email: String) async throws {
        try await takeOne("account:\(SignUp.normalised(email: email).prefix(SignUp.maximumEmail))")
    }

    private func takeOne(_ key: String) async throws {
        let wait = try await limiter.take("sign-in:\(key)", limit: perMinute, per: .seconds(60))
        guard let wait else { return }
        var failure = Failure(.limited, "rate_limited", "Too many attempts; please wait a little.")
        failure.retryAfter = wait
        throw failure
    }
}
