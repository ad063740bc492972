package import Kernel

/// Where a person is logged in, and the password. Everybody's own, so no right is asked for.
extension Accounts {
    package func signOut(_ claims: AccessClaims) async throws {
        _ = try await end(claims.session, of: claims.caller.user, in: claims.caller.tenant)
    }

    /// The caller's sessions that have not ended.
    package func sessions(_ caller: Caller, _ page: PageRequest) async throws -> Page<LoginSession> {
        let time = now()
        return try await store.read(caller.tenant) { try $0.sessions(of: caller.user, at: time, page) }
    }

    /// Ends one of the caller's own; again is harmless. `not_found` if it is nobody's or another's.
    package func endSession(_ id: SessionID, by caller: Caller) async throws {
        guard try await end(id, of: caller.user, in: caller.tenant) else { throw Failure.notFound("session") }
    }

    /// Ends all of the caller's sessions but the one that asks; which these were. `session_revoked` if that one has ended.
    package func endOtherSessions(_ claims: AccessClaims) async throws -> [SessionID] {
        let user = claims.caller.user
        return try await store.write(WriteContext(claims.caller, once: nil)) { writer in
            try Self.requireSession(claims.session, writer)
            return try writer.endSessions(of: user, except: claims.session)
        }
    }

    package struct PasswordChange: Sendable {
        package let current: String
        package let new: String

        package init(current: String, new: String) {
            self.current = current
            self.new = new
        }
    }

    /// Gives the caller another password and ends all other sessions; which these were. `password_wrong` unless
    /// `current` is the one there is, `session_revoked` if the one that asks has ended.
    package func change(
        _ change: PasswordChange, of claims: AccessClaims, once: OnceKey?
    ) async throws -> [SessionID] {
        try SignUp.validate(password: change.new, field: "newPassword")
        let caller = claims.caller
        let email = try await profile(of: caller).user.email
        let matches = try await passwords.verify(
            change.current, against: store.login(email: email)?.passwordHash)
        let hash = matches ? try await passwords.hash(change.new) : nil
        return try await store.write(WriteContext(caller, once: once)) { writer in
            // Hashing takes its time, in which another session may have changed the password, and ended this one by it.
            try Self.requireSession(claims.session, writer)
            // Asked for in here: whoever repeats a change that was made has, by then, a wrong password.
            guard let hash else { throw Self.wrongPassword }
            guard let user = try writer.user(caller.user) else { throw Failure.notFound("user") }
            try writer.save(user, passwordHash: hash)
            try writer.publish(PasswordChanged(user: user.id), key: user.id.description)
            return try writer.endSessions(of: user.id, except: claims.session)
        }
    }

    /// Asked in the write itself: what the caller was let through by may be seconds old.
    private static func requireSession(_ id: SessionID, _ reader: any IdentityReader) throws {
        guard try reader.session(id)?.isRevoked == false else { throw sessionOver }
    }

    private static let wrongPassword = Failure(
        .forbidden, "password_wrong", "This is not your current password.",
        fields: [.init("currentPassword", "password_wrong", "This is not your current password.")])

    /// False if the person has no such session.
    func end(_ id: SessionID, of user: UserID, in tenant: TenantID) async throws -> Bool {
        try await store.write(WriteContext(tenant: tenant)) { writer in
            guard var session = try writer.session(id), session.user == user else { return false }
            session.isRevoked = true
            try writer.save(session)
            return true
        }
    }
}
