package import Kernel

/// Tenants, people and their sessions. Bodies run in one transaction and may be run again.
package protocol IdentityStore: Sendable {
    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any IdentityReader) throws -> Value
    ) async throws -> Value

    /// As `WriteContext` says: once, with its events, or not at all.
    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any IdentityWriter) throws -> Value
    ) async throws -> Value

    /// Nil if nobody logs in by this address.
    func login(email: String) async throws -> Login?

    /// Forgets sessions that ran out before `time`, of all tenants; how many. One that was ended stays until it would have
    /// run out, so that a token of it is known for one used again.
    func removeSessions(runOutBefore time: Timestamp) async throws -> Int
}

/// One tenant's people, in one snapshot.
package protocol IdentityReader {
    func tenant() throws -> Tenant?
    func user(_ id: UserID) throws -> User?
    /// Those that there are, each once, in no order.
    func users(_ ids: [UserID]) throws -> [User]
    /// In the page's order.
    func users(_ page: PageRequest) throws -> Page<User>
    func owners() throws -> Int
    func session(_ id: SessionID) throws -> LoginSession?
    /// Those of a person that have neither been ended nor run out by `time`, in the page's order.
    func sessions(of user: UserID, at time: Timestamp, _ page: PageRequest) throws -> Page<LoginSession>
    func invitation(_ id: InvitationID) throws -> Invitation?
}

package protocol IdentityWriter: IdentityReader {
    /// Adds the tenant with its placement.
    func insert(_ tenant: Tenant, placement: TenantPlacement) throws
    /// Adds a person with the log-in; `email_taken` if the address has one anywhere.
    func insert(_ user: User, passwordHash: String) throws
    /// Replaces name and role, and the password of the log-in unless that is nil. Does nothing if the person is unknown.
    func save(_ user: User, passwordHash: String?) throws
    /// Removes a person, the log-in and all sessions.
    func remove(_ user: User) throws
    /// Adds or replaces.
    func save(_ session: LoginSession) throws
    /// Ends all sessions of a person but `kept`; which these were.
    func endSessions(of user: UserID, except kept: SessionID) throws -> [SessionID]
    /// Adds or replaces.
    func save(_ invitation: Invitation) throws
    func publish(_ event: some EventPayload, key: String) throws
}

extension IdentityWriter {
    package func save(_ user: User) throws { try save(user, passwordHash: nil) }
}

/// Slow, salted hashes of passwords.
package protocol PasswordHasher: Sendable {
    /// A hash that carries its own salt and parameters.
    func hash(_ password: String) async throws -> String
    /// Takes as long for a wrong password, and for nobody's (nil, always false), as for a right one: the time must
    /// not tell which accounts exist. `overloaded` when too many wait.
    func verify(_ password: String, against hash: String?) async throws -> Bool
}

/// Tokens that only this system can have made.
package protocol TokenIssuer: Sendable {
    /// A signed JWT that says who calls, good for `accessLifetime`.
    func accessToken(for claims: AccessClaims) async throws -> String
    /// `token_expired` or `unauthenticated` unless it is genuine and in time.
    func verify(accessToken: String) async throws -> AccessClaims
    /// An opaque token; equal for equal claims.
    func seal(_ claims: SealedClaims) -> String
    /// Nil unless it is genuine.
    func open(_ token: String, purpose: SealedClaims.Purpose) -> SealedClaims?
    var accessLifetime: Duration { get }
    /// Public keys as a JSON Web Key Set.
    var publicKeys: String { get }
}

package struct AccessClaims: Sendable, Equatable {
    package let caller: Caller
    package let session: SessionID
    package let expiresAt: Timestamp

    package init(caller: Caller, session: SessionID, expiresAt: Timestamp) {
        self.caller = caller
        self.session = session
        self.expiresAt = expiresAt
    }
}

package struct SealedClaims: Sendable, Equatable {
    package enum Purpose: UInt8, Sendable { case refresh = 1, invitation = 2 }
    package let purpose: Purpose
    package let tenant: TenantID
    package let subject: UUIDv7
    package let generation: Int

    package init(purpose: Purpose, tenant: TenantID, subject: UUIDv7, generation: Int) {
        self.purpose = purpose
        self.tenant = tenant
        self.subject = subject
        self.generation = generation
    }
}
