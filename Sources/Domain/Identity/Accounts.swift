package import Kernel

/// Signing up, logging in, and the people of a team.
package struct Accounts: Sendable {
    package struct Settings: Sendable {
        package let region: String
        package let shard: Int
        package let isolation: TenantPlacement.Isolation
        /// What a team may have as well, if it asks for it.
        package let isolationsOnRequest: Set<TenantPlacement.Isolation>
        package let refreshLifetime: Duration
        package let invitationLifetime: Duration

        package init(
            region: String, shard: Int, isolation: TenantPlacement.Isolation = .shared,
            isolationsOnRequest: Set<TenantPlacement.Isolation> = [], refreshLifetime: Duration,
            invitationLifetime: Duration
        ) {
            self.region = region
            self.shard = shard
            self.isolation = isolation
            self.isolationsOnRequest = isolationsOnRequest
            self.refreshLifetime = refreshLifetime
            self.invitationLifetime = invitationLifetime
        }
    }

    let store: any IdentityStore
    let passwords: any PasswordHasher
    let tokens: any TokenIssuer
    let settings: Settings
    let now: @Sendable () -> Timestamp

    package init(
        store: any IdentityStore, passwords: any PasswordHasher, tokens: any TokenIssuer, settings: Settings,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.passwords = passwords
        self.tokens = tokens
        self.settings = settings
        self.now = now
    }

    /// What a newcomer gets: the team, the person, and tokens.
    package struct Entry: Sendable {
        package let tenant: Tenant
        package let user: User
        package let caller: Caller
        package let tokens: TokenPair
    }

    package struct TokenPair: Sendable {
        package let access: String
        package let refresh: String
        package let expiresIn: Duration
    }

    /// The part of an `Entry` that is stored as the answer of the write; tokens are made anew from it.
    struct Seat: Codable, Sendable {
        let tenant: Tenant
        let user: User
        let session: LoginSession
    }

    /// `email_taken`, `invalid_request`.
    package func signUp(_ request: SignUp, from device: String? = nil, once: OnceKey?) async throws -> Entry {
        let request = try request.validated(
            region: settings.region, isolations: settings.isolationsOnRequest.union([settings.isolation]))
        let hash = try await passwords.hash(request.password)
        let time = now()
        let tenant = Tenant(
            id: TenantID(), name: request.teamName, slug: SignUp.slug(request.teamName),
            region: settings.region,
            createdAt: time)
        let user = User(id: UserID(), email: request.email, name: request.name, role: .owner, createdAt: time)
        let session = newSession(of: user, from: device, at: time)
        let placement = TenantPlacement(
            region: settings.region, shard: settings.shard,
            isolation: request.isolation.flatMap(TenantPlacement.Isolation.init) ?? settings.isolation,
            epoch: 1)
        let seat = try await store.write(WriteContext(tenant: tenant.id, once: once)) { writer in
            try writer.insert(tenant, placement: placement)
            try writer.insert(user, passwordHash: hash)
            try writer.save(session)
            try writer.publish(
                TenantCreated(name: tenant.name, region: tenant.region, owner: user.id),
                key: tenant.id.description)
            try writer.publish(UserJoined(user: user.id, role: user.role), key: user.id.description)
            return Seat(tenant: tenant, user: user, session: session)
        }
        return try await entry(seat)
    }

    /// `invalid_credentials`, whether the address is unknown or the password wrong.
    package func signIn(email: String, password: String, from device: String? = nil) async throws -> Entry {
        let login = try await store.login(email: SignUp.normalised(email: email))
        let matches = try await passwords.verify(password, against: login?.passwordHash)
        guard let login, matches else { throw Self.wrongCredentials }
        let time = now()
        let seat = try await store.write(WriteContext(tenant: login.tenant)) { writer in
            guard let tenant = try writer.tenant(), let user = try writer.user(login.user) else {
                throw Failure(.unauthorised, "invalid_credentials", "This account no longer exists.")
            }
            let session = newSession(of: user, from: device, at: time)
            try writer.save(session)
            return Seat(tenant: tenant, user: user, session: session)
        }
        // A change of the password ends the sessions there are; one that began meanwhile by the old one is not among them.
        guard try await store.login(email: login.email)?.passwordHash == login.passwordHash else {
            _ = try await end(seat.session.id, of: seat.user.id, in: seat.tenant.id)
            throw Self.wrongCredentials
        }
        return try await entry(seat)
    }

    private static let wrongCredentials = Failure(
        .unauthorised, "invalid_credentials", "The e-mail address or the password is wrong.")

    /// A new pair for a refresh token. `session_revoked` if the token was used before: then all of the family end.
    /// The same token with the same `once` key gets the same pair, for those whose answer was lost on the way, until that
    /// pair is used; then it is `session_revoked` and ends nothing.
    package func refresh(_ token: String, once: OnceKey?) async throws -> Entry {
        guard let claims = tokens.open(token, purpose: .refresh) else { throw Self.sessionOver }
        let time = now()
        let renewed = try await store.write(WriteContext(tenant: claims.tenant, once: once)) {
            writer -> Seat? in
            guard let tenant = try writer.tenant(),
                var session = try writer.session(SessionID(claims.subject)),
                let user = try writer.user(session.user)
            else { return nil }
            let outcome = session.refresh(
                presented: claims.generation, now: time, lifetime: settings.refreshLifetime)
            // A revocation is a result, not an error: throwing would undo it.
            if outcome != .refused { try writer.save(session) }
            return outcome == .renewed ? Seat(tenant: tenant, user: user, session: session) : nil
        }
        guard let renewed else { throw Self.sessionOver }
        guard let seat = once == nil ? renewed : try await asOfNow(renewed) else { throw Self.sessionOver }
        return try await entry(seat)
    }

    /// A recorded answer may be older than what happened since: a sign-out, another role, the person's removal; or a use of
    /// the token that it holds, by which the answer had come, so that nobody needs it again.
    private func asOfNow(_ seat: Seat) async throws -> Seat? {
        let time = now()
        return try await store.read(seat.tenant.id) { reader in
            guard let session = try reader.session(seat.session.id), !session.isRevoked,
                session.generation == seat.session.generation, time < session.expiresAt,
                let user = try reader.user(seat.user.id)
            else { return nil }
            return Seat(tenant: seat.tenant, user: user, session: seat.session)
        }
    }

    static let sessionOver = Failure(
        .unauthorised, "session_revoked", "This session has ended; please log in again.")

    /// The caller as of now, nil once the session was revoked or the person removed.
    package func current(_ claims: AccessClaims) async throws -> Caller? {
        try await current([claims.session], in: claims.caller.tenant)[claims.session]
    }

    /// Of each of `sessions` that holds, its caller as of now.
    package func current(
        _ sessions: [SessionID], in tenant: TenantID
    ) async throws -> [SessionID: Caller] {
        try await store.read(tenant) { reader in
            try sessions.reduce(into: [:]) { callers, id in
                guard let session = try reader.session(id), !session.isRevoked,
                    let user = try reader.user(session.user)
                else { return }
                callers[id] = Caller(tenant: tenant, user: user.id, role: user.role)
            }
        }
    }

    func newSession(of user: User, from device: String?, at time: Timestamp) -> LoginSession {
        LoginSession(
            id: SessionID(), user: user.id, generation: 1, expiresAt: time + settings.refreshLifetime,
            isRevoked: false, createdAt: time, userAgent: device, seenAt: time)
    }

    func entry(_ seat: Seat) async throws -> Entry {
        let caller = Caller(tenant: seat.tenant.id, user: seat.user.id, role: seat.user.role)
        let claims = AccessClaims(
            caller: caller, session: seat.session.id, expiresAt: now() + tokens.accessLifetime)
        let refresh = tokens.seal(
            SealedClaims(
                purpose: .refresh, tenant: seat.tenant.id, subject: seat.session.id.uuid,
                generation: seat.session.generation))
        return Entry(
            tenant: seat.tenant, user: seat.user, caller: caller,
            tokens: TokenPair(
                access: try await tokens.accessToken(for: claims), refresh: refresh,
                expiresIn: tokens.accessLifetime))
    }
}
