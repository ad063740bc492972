import Identity
import Kernel

/// Claims at home: how they are taken, and what becomes of them.
struct IdentityClaims: Sendable {
    struct Stored: Sendable {
        let token: UUIDv7
        let tenant: TenantID
        let database: String
        let once: OnceKey?
        let until: Timestamp
    }

    private struct NoDatabaseFree: Error {}

    /// Between looks at a claim that is in the way.
    private static let pause = Duration.milliseconds(20)

    let databases: TenantDatabases
    let settings: SpreadIdentityStore.Settings

    init(_ databases: TenantDatabases, _ settings: SpreadIdentityStore.Settings) {
        self.databases = databases
        self.settings = settings
    }

    /// The claim with what is needed; nil if an earlier try of the same write was settled, and the write begins anew.
    func take(_ needs: ClaimNeeds, _ claim: IdentityClaim) async throws -> IdentityClaim? {
        var isLast = false
        while true {
            do {
                return try await tryTaking(needs, claim)
            } catch let obstacle as ClaimInTheWay {
                try await pass(obstacle)
                if obstacle.isOwn { return nil }
            } catch is NoDatabaseFree {
                // Once more in any case: an earlier try of the same write may have been about to take the last.
                guard try await settleLapsed() > 0 || !isLast else {
                    throw Failure(
                        .unavailable, "no_database_free",
                        "There is no free place for another team right now; please try again later.")
                }
                isLast = true
            }
        }
    }

    /// Waits until a claim has come to its end; an earlier try of the same write is given up after that.
    func pass(_ obstacle: ClaimInTheWay) async throws {
        let deadline = ContinuousClock.now + settings.patience
        while try await !settle(obstacle.token) {
            guard ContinuousClock.now >= deadline else {
                try await Task.sleep(for: Self.pause)
                continue
            }
            if obstacle.isOwn, try await settle(obstacle.token, isOver: true) { return }
            throw Failure(
                .unavailable, "claim_pending",
                "Somebody is signing up with this e-mail address right now; please try again soon.")
        }
    }

    func login(_ email: String) async throws -> (login: Login, claim: UUIDv7?)? {
        try await databases.home.readSystem { reader in
            try reader.first(
                "tenant_id, user_id, password_hash, claim", from: .logins, where: "email = \(email)"
            ) {
                let login = Login(
                    email: email, tenant: try $0.next(), user: try $0.next(), passwordHash: try $0.next())
                return (login, try $0.nextIfPresent(UUIDv7.self))
            }
        }
    }

    /// All of it in one transaction at home, or nothing.
    private func tryTaking(_ needs: ClaimNeeds, _ claim: IdentityClaim) async throws -> IdentityClaim {
        let until = databases.home.now() + settings.claimLifetime
        let names = databases.others.map(\.name)
        return try await databases.home.writeSystem { writer in
            // Before a database is looked for: the earlier try may have the last one.
            if !claim.isHeld, let token = try Self.earlierTry(of: claim, writer) {
                throw ClaimInTheWay(token: token, isOwn: true)
            }
            var place = needs.place
            if let placement = needs.placement {
                place = try Self.reserve(one: names, placement, claim, writer)
            }
            if !claim.isHeld { try Self.enter(claim, place, until, writer) }
            for email in needs.changed { try Self.mark(email, claim, writer) }
            for email in needs.added { try Self.add(email, claim, writer) }
            var held = claim
            held.hold(database: needs.placement != nil, emails: needs.added.union(needs.changed))
            return held
        }
    }

    private static func enter(
        _ claim: IdentityClaim, _ place: String, _ until: Timestamp, _ writer: SystemWriter
    ) throws {
        let isNew = try writer.insertIfAbsent(
            into: .identityClaims,
            [
                "token": claim.token, "tenant_id": claim.tenant, "database_name": place,
                "once_scope": claim.once?.scope, "once_key": claim.once?.key, "until": until,
            ])
        guard !isNew else { return }
        // Gone meanwhile, it was an earlier try none the less.
        throw ClaimInTheWay(token: try earlierTry(of: claim, writer) ?? claim.token, isOwn: true)
    }

    private static func earlierTry(of claim: IdentityClaim, _ writer: SystemWriter) throws -> UUIDv7? {
        guard let once = claim.once else { return nil }
        return try writer.reader.first(
            "token", from: .identityClaims, where: "once_scope = \(once.scope) AND once_key = \(once.key)"
        ) { try $0.next(UUIDv7.self) }
    }

    /// The first that nobody has. Others may take one at the same time: the index lets one of them have it.
    private static func reserve(
        one names: [String], _ placement: TenantPlacement, _ claim: IdentityClaim, _ writer: SystemWriter
    ) throws -> String {
        let taken = try writer.reader.select(
            "database_name", from: .directory, where: "database_name IN \(list: names)"
        ) { try $0.next(String.self) }
        for name in names where !taken.contains(name) {
            let isNew = try writer.insertIfAbsent(
                into: .directory,
                [
                    "tenant_id": claim.tenant, "region": placement.region, "shard": placement.shard,
                    "isolation": placement.isolation.rawValue, "database_name": name,
                    "epoch": placement.epoch, "claim": claim.token,
                ])
            if isNew { return name }
        }
        throw NoDatabaseFree()
    }

    private static func add(_ email: String, _ claim: IdentityClaim, _ writer: SystemWriter) throws {
        let isNew = try writer.insertIfAbsent(
            into: .logins,
            [
                "email": email, "tenant_id": claim.tenant, "user_id": UserID.nobody, "password_hash": "",
                "claim": claim.token,
            ])
        guard !isNew, let other = try holder(of: email, writer) else { return }
        guard let token = other.claim else {
            throw Failure.conflict("email_taken", "Somebody has signed up with this e-mail address already.")
        }
        if token != claim.token { throw ClaimInTheWay(token: token) }
    }

    /// A log-in that is to go or to change stays as it is until that is certain.
    private static func mark(_ email: String, _ claim: IdentityClaim, _ writer: SystemWriter) throws {
        let marked = try writer.update(
            .logins, set: "claim = \(claim.token)",
            where: "email = \(email) AND tenant_id = \(claim.tenant) AND claim IS NULL")
        guard marked == 0, let other = try holder(of: email, writer), other.tenant == claim.tenant,
            let token = other.claim, token != claim.token
        else { return }
        throw ClaimInTheWay(token: token)
    }

    private static func holder(
        of email: String, _ writer: SystemWriter
    ) throws -> (tenant: TenantID, claim: UUIDv7?)? {
        try writer.reader.first("tenant_id, claim", from: .logins, where: "email = \(email)") {
            (try $0.next(TenantID.self), try $0.nextIfPresent(UUIDv7.self))
        }
    }
}
