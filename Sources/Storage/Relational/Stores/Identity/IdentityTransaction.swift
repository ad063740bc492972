import Identity
import Kernel

/// One write of a tenant's people.
struct IdentityTransaction: IdentityWriter {
    let transaction: TenantTransaction
    private var rows: TenantWriter { transaction.rows }
    private var stored: IdentityRows {
        IdentityRows(tenantID: transaction.context.tenant, rows: transaction.rows.reader)
    }

    func tenant() throws -> Tenant? { try stored.tenant() }
    func user(_ id: UserID) throws -> User? { try stored.user(id) }
    func users(_ ids: [UserID]) throws -> [User] { try stored.users(ids) }
    func users(_ page: PageRequest) throws -> Page<User> { try stored.users(page) }
    func owners() throws -> Int { try stored.owners() }
    func session(_ id: SessionID) throws -> LoginSession? { try stored.session(id) }
    func sessions(of user: UserID, at time: Timestamp, _ page: PageRequest) throws -> Page<LoginSession> {
        try stored.sessions(of: user, at: time, page)
    }
    func invitation(_ id: InvitationID) throws -> Invitation? { try stored.invitation(id) }

    func insert(_ tenant: Tenant, placement: TenantPlacement) throws {
        try transaction.place(placement.isolation)
        try add(tenant, placement)
    }

    /// The rows of a tenant for which there is room.
    func add(_ tenant: Tenant, _ placement: TenantPlacement) throws {
        try rows.insert(
            into: .tenants,
            [
                "name": tenant.name, "slug": tenant.slug, "region": tenant.region,
                "created_at": tenant.createdAt,
            ])
        try transaction.system.insert(
            into: .directory,
            [
                "tenant_id": tenant.id, "region": placement.region, "shard": placement.shard,
                "isolation": placement.isolation.rawValue, "database_name": placement.database,
                "epoch": placement.epoch,
            ])
    }

    func insert(_ user: User, passwordHash: String) throws {
        let isNew = try transaction.system.insertIfAbsent(
            into: .logins,
            [
                "email": user.email, "tenant_id": transaction.context.tenant, "user_id": user.id,
                "password_hash": passwordHash,
            ])
        guard isNew else {
            throw Failure.conflict("email_taken", "Somebody has signed up with this e-mail address already.")
        }
        try rows.insert(
            into: .users,
            [
                "id": user.id, "email": user.email, "name": user.name, "role": user.role.rawValue,
                "created_at": user.createdAt,
            ])
    }

    func save(_ user: User, passwordHash: String?) throws {
        let known = try rows.update(
            .users, set: "name = \(user.name), role = \(user.role.rawValue)", where: "id = \(user.id)")
        guard let passwordHash, known == 1 else { return }
        let tenant = transaction.context.tenant
        try transaction.system.update(
            .logins, set: "password_hash = \(passwordHash)",
            where: "email = \(user.email) AND tenant_id = \(tenant) AND user_id = \(user.id)")
    }

    func remove(_ user: User) throws {
        try rows.delete(from: .users, where: "id = \(user.id)")
        try rows.delete(from: .sessions, where: "user_id = \(user.id)")
        let tenant = transaction.context.tenant
        try transaction.system.delete(
            from: .logins, where: "email = \(user.email) AND tenant_id = \(tenant) AND user_id = \(user.id)")
    }

    func save(_ session: LoginSession) throws {
        try rows.upsert(
            into: .sessions,
            [
                "id": session.id, "user_id": session.user, "generation": session.generation,
                "expires_at": session.expiresAt, "revoked": session.isRevoked,
                "created_at": session.createdAt, "user_agent": session.userAgent, "seen_at": session.seenAt,
            ], key: "tenant_id, id",
            change: """
                generation = \(session.generation), expires_at = \(session.expiresAt), \
                revoked = \(session.isRevoked), seen_at = \(session.seenAt)
                """)
    }

    func endSessions(of user: UserID, except kept: SessionID) throws -> [SessionID] {
        let condition: SQLText = "user_id = \(user) AND id <> \(kept) AND revoked = \(false)"
        let ended = try rows.reader.select("id", from: .sessions, where: condition) {
            try $0.next(SessionID.self)
        }
        if !ended.isEmpty { try rows.update(.sessions, set: "revoked = \(true)", where: condition) }
        return ended
    }

    func save(_ invitation: Invitation) throws {
        try rows.upsert(
            into: .invitations,
            [
                "id": invitation.id, "email": invitation.email, "role": invitation.role.rawValue,
                "invited_by": invitation.invitedBy, "created_at": invitation.createdAt,
                "expires_at": invitation.expiresAt, "accepted": invitation.isAccepted,
            ], key: "tenant_id, id", change: "accepted = \(invitation.isAccepted)")
    }

    func publish(_ event: some EventPayload, key: String) throws { try transaction.publish(event, key: key) }
}
