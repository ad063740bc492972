import Kernel

/// The end of claims. Whatever happens at home follows what the tenant's database holds, so it may be done again and by
/// several at once.
extension IdentityClaims {
    private static let settledAtOnce = 100

    /// After the commit that the claim was for.
    func makeGood(_ claim: IdentityClaim) async throws {
        do {
            _ = try await settle(claim.token, isOver: true)
        } catch {
            throw Failure(
                .timeout, "outcome_unknown", "It was stored, and will take effect in a while.", cause: error)
        }
    }

    /// Of a write that failed. What cannot be done now is done when the claim has lapsed.
    func abandon(_ claim: IdentityClaim) async {
        guard claim.isHeld else { return }
        _ = try? await settle(claim.token, isOver: true)
    }

    /// What earlier writes of the tenant have left.
    func settle(of tenant: TenantID) async throws {
        let tokens = try await databases.home.readSystem { reader in
            try reader.select("token", from: .identityClaims, where: "tenant_id = \(tenant)") {
                try $0.next(UUIDv7.self)
            }
        }
        for token in tokens { _ = try await settle(token) }
    }

    /// How many were settled. One whose database is away does not keep others from it.
    func settleLapsed() async throws -> Int {
        let now = databases.home.now()
        let tokens = try await databases.home.readSystem { reader in
            try reader.select(
                "token", from: .identityClaims, where: "until <= \(now)",
                then: "ORDER BY until LIMIT \(Self.settledAtOnce)"
            ) { try $0.next(UUIDv7.self) }
        }
        var settled = 0
        for token in tokens {
            do {
                if try await settle(token) { settled += 1 }
            } catch let error where Failure.wrapping(error).isTransient {
                // It is tried again next time; readiness tells which database is away.
            }
        }
        return settled
    }

    /// False while the write that made the claim may still commit: it has not, nor `isOver`, and has time.
    @discardableResult
    func settle(_ token: UUIDv7, isOver: Bool = false) async throws -> Bool {
        // What follows is about others than the session at hand.
        try await Consistency.$current.withValue(nil) {
            guard let claim = try await stored(token) else { return true }
            let database = try databases.database(named: claim.database)
            let mayVoid = isOver || claim.until <= databases.home.now()
            guard let decision = try await decision(claim, in: database, mayVoid) else { return false }
            try await apply(claim, isKept: decision == IdentityClaim.kept, from: database)
            return true
        }
    }

    private func stored(_ token: UUIDv7) async throws -> Stored? {
        try await databases.home.readSystem { reader in
            try reader.first(
                "tenant_id, database_name, until, once_scope, once_key", from: .identityClaims,
                where: "token = \(token)"
            ) { row in
                let (tenant, database) = (try row.next(TenantID.self), try row.next(String.self))
                let until = try row.next(Timestamp.self)
                let scope = try row.nextIfPresent(String.self)
                let key = try row.nextIfPresent(String.self)
                let once = scope.flatMap { scope in
                    key.map { OnceKey(scope: scope, key: $0, keeper: .nobody) }
                }
                return Stored(token: token, tenant: tenant, database: database, once: once, until: until)
            }
        }
    }

    /// As the tenant's database has it; nil if nothing is decided there, and nothing may be.
    private func decision(_ claim: Stored, in database: Database, _ mayVoid: Bool) async throws -> String? {
        let once = IdentityClaim.decision(claim.token)
        guard !mayVoid else {
            return try await database.write(WriteContext(tenant: claim.tenant, once: once)) { _ in
                IdentityClaim.void
            }
        }
        let record = try await record(of: once, keeper: claim.tenant, in: database)
        return try record.map { try JSON.decode(String.self, $0.result) }
    }

    private func apply(_ claim: Stored, isKept: Bool, from database: Database) async throws {
        let emails = try await databases.home.readSystem { reader in
            try reader.select("email", from: .logins, where: "claim = \(claim.token)") {
                try $0.next(String.self)
            }
        }
        let logins = try await logins(of: emails, claim.tenant, in: database)
        var answer: Record?
        if isKept, let once = claim.once {
            answer = try await record(of: once, keeper: .nobody, in: database)
        }
        let found = answer
        _ = try await databases.home.write(WriteContext(tenant: .nobody)) { transaction in
            let system = transaction.system
            let token = claim.token
            guard try system.delete(from: .identityClaims, where: "token = \(token)") == 1 else {
                return false
            }
            for email in emails {
                let condition: SQLText = "email = \(email) AND claim = \(token)"
                guard let login = logins[email] else {
                    try system.delete(from: .logins, where: condition)
                    continue
                }
                try system.update(
                    .logins,
                    set: "user_id = \(login.user), password_hash = \(login.hash), claim = NULL",
                    where: condition)
            }
            if isKept {
                try system.update(.directory, set: "claim = NULL", where: "claim = \(token)")
            } else {
                try system.delete(from: .directory, where: "claim = \(token)")
            }
            if let once = claim.once, let found { try Self.keep(found, of: once, transaction) }
            return true
        }
    }

    private struct Record: Sendable {
        let digest: String
        let result: [UInt8]
        let createdAt: Timestamp
    }

    private func record(
        of once: OnceKey, keeper: TenantID, in database: Database
    ) async throws -> Record? {
        try await database.read(keeper) { reader in
            try reader.first(
                "digest, result, created_at", from: .applied,
                where: "scope = \(once.scope) AND key = \(once.key)"
            ) { Record(digest: try $0.next(), result: try $0.next(), createdAt: try $0.next()) }
        }
    }

    /// The answer of a sign-up, for whoever asks again: by then nobody knows in which database it was made.
    private static func keep(_ record: Record, of once: OnceKey, _ transaction: TenantTransaction) throws {
        _ = try transaction.rows.insertIfAbsent(
            into: .applied,
            [
                "scope": once.scope, "key": once.key, "digest": record.digest, "result": record.result,
                "created_at": record.createdAt,
            ])
    }

    private func logins(
        of emails: [String], _ tenant: TenantID, in database: Database
    ) async throws -> [String: (user: UserID, hash: String)] {
        guard !emails.isEmpty else { return [:] }
        let found = try await database.readSystem { reader in
            try reader.select(
                "email, user_id, password_hash", from: .logins,
                where: "tenant_id = \(tenant) AND email IN \(list: emails)"
            ) { (try $0.next(String.self), (user: try $0.next(UserID.self), hash: try $0.next(String.self))) }
        }
        return Dictionary(found) { first, _ in first }
    }
}
