package import Kernel

extension Accounts {
    package struct Profile: Sendable {
        package let user: User
        package let tenant: Tenant
    }

    package func profile(of caller: Caller) async throws -> Profile {
        try await store.read(caller.tenant) { reader in
            guard let user = try reader.user(caller.user), let tenant = try reader.tenant() else {
                throw Failure.notFound("user")
            }
            return Profile(user: user, tenant: tenant)
        }
    }

    package func rename(_ caller: Caller, to name: String, once: OnceKey?) async throws -> User {
        let name = try SignUp.validated(name: name, field: "name")
        return try await store.write(WriteContext(caller, once: once)) { writer in
            guard var user = try writer.user(caller.user) else { throw Failure.notFound("user") }
            user.name = name
            try writer.save(user)
            try writer.publish(UserRenamed(user: user.id), key: user.id.description)
            return user
        }
    }

    package func users(_ caller: Caller, _ page: PageRequest) async throws -> Page<User> {
        try caller.require(.readTeam)
        return try await store.read(caller.tenant) { try $0.users(page) }
    }

    /// Only an owner makes or unmakes owners, and one owner always stays.
    package func changeRole(of id: UserID, to role: Role, by caller: Caller, once: OnceKey?) async throws
        -> User
    {
        try caller.require(.changeRole)
        return try await store.write(WriteContext(caller, once: once)) { writer in
            guard var user = try writer.user(id) else { throw Failure.notFound("user") }
            try Self.guardOwners(user, becoming: role, by: caller, writer)
            user.role = role
            try writer.save(user)
            return user
        }
    }

    package func remove(_ id: UserID, by caller: Caller, once: OnceKey?) async throws {
        // Leaving a team needs nobody's leave.
        if id != caller.user { try caller.require(.removeUser) }
        _ = try await store.write(WriteContext(caller, once: once)) { writer in
            guard let user = try writer.user(id) else { throw Failure.notFound("user") }
            try Self.guardOwners(user, becoming: nil, by: caller, writer)
            try writer.remove(user)
            try writer.publish(UserRemoved(user: id, by: caller.user), key: id.description)
            return true
        }
    }

    private static func guardOwners(
        _ user: User, becoming role: Role?, by caller: Caller, _ reader: any IdentityReader
    ) throws {
        guard user.role == .owner || role == .owner else { return }
        guard caller.role == .owner else {
            throw Failure(.forbidden, "forbidden", "Only an owner can do this to or for an owner.")
        }
        if user.role == .owner, role != .owner, try reader.owners() == 1 {
            throw Failure.conflict("last_owner", "A team needs an owner; make somebody else one first.")
        }
    }

    package struct InvitationOffer: Sendable {
        package let invitation: Invitation
        /// Shown once; whoever has it may join.
        package let token: String
    }

    package func invite(
        email: String, role: Role, by caller: Caller, once: OnceKey?
    ) async throws -> InvitationOffer {
        try caller.require(.inviteUser)
        guard Self.may(caller.role, invite: role) else {
            throw Failure(.forbidden, "forbidden", "Only an owner can invite an owner.")
        }
        let email = try SignUp.validated(email: email, field: "email")
        let time = now()
        let invitation = try await store.write(WriteContext(caller, once: once)) { writer in
            let invitation = Invitation(
                id: InvitationID(), email: email, role: role, invitedBy: caller.user, createdAt: time,
                expiresAt: time + settings.invitationLifetime, isAccepted: false)
            try writer.save(invitation)
            return invitation
        }
        let token = tokens.seal(
            SealedClaims(
                purpose: .invitation, tenant: caller.tenant, subject: invitation.id.uuid, generation: 1))
        return InvitationOffer(invitation: invitation, token: token)
    }

    /// Asked again at acceptance: an invitation does not outlive the right to make it.
    private static func may(_ inviter: Role, invite role: Role) -> Bool {
        Policy.allows(inviter, .inviteUser) && (role != .owner || inviter == .owner)
    }

    /// `invitation_invalid` if it is unknown, used or too old.
    package func accept(
        token: String, name: String, password: String, from device: String? = nil, once: OnceKey?
    ) async throws -> Entry {
        let refused = Failure(
            .invalid, "invitation_invalid", "This invitation is unknown, used already, or too old.")
        guard let claims = tokens.open(token, purpose: .invitation) else { throw refused }
        let name = try SignUp.validated(name: name, field: "name")
        try SignUp.validate(password: password, field: "password")
        let hash = try await passwords.hash(password)
        let time = now()
        let seat = try await store.write(WriteContext(tenant: claims.tenant, once: once)) { writer in
            guard let tenant = try writer.tenant(),
                var invitation = try writer.invitation(InvitationID(claims.subject)),
                !invitation.isAccepted, time < invitation.expiresAt,
                let inviter = try writer.user(invitation.invitedBy),
                Self.may(inviter.role, invite: invitation.role)
            else { throw refused }
            let user = User(
                id: UserID(), email: invitation.email, name: name, role: invitation.role, createdAt: time)
            let session = newSession(of: user, from: device, at: time)
            invitation.isAccepted = true
            try writer.save(invitation)
            try writer.insert(user, passwordHash: hash)
            try writer.save(session)
            try writer.publish(UserJoined(user: user.id, role: user.role), key: user.id.description)
            return Seat(tenant: tenant, user: user, session: session)
        }
        return try await entry(seat)
    }
}
