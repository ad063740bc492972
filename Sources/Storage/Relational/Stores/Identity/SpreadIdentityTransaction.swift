import Identity
import Kernel

/// A write in a tenant's own database: what it needs at home must have been claimed there.
///
/// Without it the body goes on, so that all its needs become known at once; nothing of that is committed.
final class SpreadIdentityTransaction: IdentityLayer {
    let base: IdentityTransaction
    private let claim: IdentityClaim
    private(set) var needs = ClaimNeeds()

    init(_ base: IdentityTransaction, place: String, claim: IdentityClaim) {
        self.base = base
        self.claim = claim
        needs.place = place
    }

    func insert(_ tenant: Tenant, placement: TenantPlacement) throws {
        // It has this database from an earlier write.
        guard claim.holdsDatabase else {
            throw Failure.conflict("unique_violation", "This exists already.")
        }
        try base.add(tenant, placement.placed(in: needs.place))
    }

    func insert(_ user: User, passwordHash: String) throws {
        if !claim.emails.contains(user.email) { needs.added.insert(user.email) }
        try base.insert(user, passwordHash: passwordHash)
    }

    func save(_ user: User, passwordHash: String?) throws {
        if passwordHash != nil, !claim.emails.contains(user.email) { needs.changed.insert(user.email) }
        try base.save(user, passwordHash: passwordHash)
    }

    func remove(_ user: User) throws {
        if !claim.emails.contains(user.email) { needs.changed.insert(user.email) }
        try base.remove(user)
    }
}

/// A write at home, beside tenants whose log-ins are claimed here and whose rows are elsewhere.
struct HomeIdentityTransaction: IdentityLayer {
    let base: IdentityTransaction

    func insert(_ tenant: Tenant, placement: TenantPlacement) throws {
        guard placement.isolation == .database else {
            return try base.insert(tenant, placement: placement)
        }
        guard try base.tenant() == nil else {
            throw Failure.conflict("unique_violation", "This exists already.")
        }
        throw ClaimNeeds(placement: placement)
    }

    func insert(_ user: User, passwordHash: String) throws {
        do {
            try base.insert(user, passwordHash: passwordHash)
        } catch let taken as Failure where taken.code == "email_taken" {
            let claim = try base.transaction.system.reader.first(
                "claim", from: .logins, where: "email = \(user.email)"
            ) { try $0.nextIfPresent(UUIDv7.self) }
            guard let claim, let token = claim else { throw taken }
            throw ClaimInTheWay(token: token)
        }
    }

    func save(_ user: User, passwordHash: String?) throws { try base.save(user, passwordHash: passwordHash) }
    func remove(_ user: User) throws { try base.remove(user) }
}

/// A write that minds tenants and log-ins, and leaves all else to the transaction below.
protocol IdentityLayer: IdentityWriter {
    var base: IdentityTransaction { get }
}

extension IdentityLayer {
    func tenant() throws -> Tenant? { try base.tenant() }
    func user(_ id: UserID) throws -> User? { try base.user(id) }
    func users(_ ids: [UserID]) throws -> [User] { try base.users(ids) }
    func users(_ page: PageRequest) throws -> Page<User> { try base.users(page) }
    func owners() throws -> Int { try base.owners() }
    func session(_ id: SessionID) throws -> LoginSession? { try base.session(id) }
    func sessions(of user: UserID, at time: Timestamp, _ page: PageRequest) throws -> Page<LoginSession> {
        try base.sessions(of: user, at: time, page)
    }
    func invitation(_ id: InvitationID) throws -> Invitation? { try base.invitation(id) }
    func save(_ session: LoginSession) throws { try base.save(session) }
    func endSessions(of user: UserID, except kept: SessionID) throws -> [SessionID] {
        try base.endSessions(of: user, except: kept)
    }
    func save(_ invitation: Invitation) throws { try base.save(invitation) }
    func publish(_ event: some EventPayload, key: String) throws { try base.publish(event, key: key) }
}

extension TenantPlacement {
    func placed(in database: String) -> TenantPlacement {
        TenantPlacement(
            region: region, shard: shard, isolation: isolation, database: database, epoch: epoch)
    }
}
