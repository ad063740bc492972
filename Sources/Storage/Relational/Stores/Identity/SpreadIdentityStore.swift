package import Identity
package import Kernel
import Synchronization

/// Tenants and people over several databases. Whoever signs up for isolation `database` gets one that nobody has.
///
/// Log-ins and the directory are at home, since they are read before a tenant is known; all else of a tenant is in its
/// database. A write that changes both claims what it needs at home, commits in the tenant's database, and then makes
/// the claim good at home. What a crash leaves between the steps is settled by what the tenant's database holds: by
/// whoever meets the claim, or by `settleLapsed`.
package struct SpreadIdentityStore: IdentityStore {
    package struct Settings: Sendable {
        /// After it a claim may be declared void; longer than a write takes.
        package var claimLifetime = Duration.seconds(30)
        /// How long a write waits for the claim of another that needs the same.
        package var patience = Duration.seconds(2)

        package init() {}
    }

    /// Runs of one body: one tells what it needs, the next does it; others come of claims that were lost.
    private static let maximumRounds = 12

    private let databases: TenantDatabases
    private let claims: IdentityClaims
    private let base: RelationalIdentityStore

    package init(_ databases: TenantDatabases, settings: Settings = Settings()) {
        self.databases = databases
        claims = IdentityClaims(databases, settings)
        base = RelationalIdentityStore(databases.routed)
    }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any IdentityReader) throws -> Value
    ) async throws -> Value {
        try await base.read(tenant, body)
    }

    /// `unavailable` with code `no_database_free` where there is none for a new tenant, and with `claim_pending` while
    /// another write is about to take the same address.
    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any IdentityWriter) throws -> Value
    ) async throws -> Value {
        var claim = IdentityClaim(context)
        do {
            for _ in 0..<Self.maximumRounds {
                do {
                    return try await run(context, claim, body)
                } catch let needs as ClaimNeeds {
                    claim = try await claims.take(needs, claim) ?? IdentityClaim(context)
                } catch let obstacle as ClaimInTheWay {
                    try await claims.pass(obstacle)
                } catch is ClaimLost {
                    try await claims.settle(claim.token)
                    claim = IdentityClaim(context)
                }
            }
            throw Failure(
                .overloaded, "overloaded", "Too many changed the same thing at once; try again soon.")
        } catch {
            await claims.abandon(claim)
            throw error
        }
    }

    package func login(email: String) async throws -> Login? {
        guard let found = try await claims.login(email) else { return nil }
        guard let token = found.claim else { return found.login }
        _ = try await claims.settle(token)
        guard let settled = try await claims.login(email), settled.login.user != .nobody else { return nil }
        return settled.login
    }

    package func removeSessions(runOutBefore time: Timestamp) async throws -> Int {
        var removed = 0
        try await databases.forEach {
            removed += try await RelationalIdentityStore($0.database).removeSessions(runOutBefore: time)
        }
        return removed
    }

    /// Ends claims whose writes never came back to them; how many.
    @discardableResult
    package func settleLapsed() async throws -> Int { try await claims.settleLapsed() }

    private func run<Value: Codable & Sendable>(
        _ context: WriteContext, _ claim: IdentityClaim,
        _ body: @escaping @Sendable (any IdentityWriter) throws -> Value
    ) async throws -> Value {
        let place = try await databases.name(of: context.tenant)
        let hasRun = Mutex(false)
        let value = try await databases.routed.write(context) { transaction in
            hasRun.withLock { $0 = true }
            let base = IdentityTransaction(transaction: transaction)
            guard let place else { return try body(HomeIdentityTransaction(base: base)) }
            let writer = SpreadIdentityTransaction(base, place: place, claim: claim)
            let value = try body(writer)
            guard writer.needs.isEmpty else { throw writer.needs }
            if claim.isHeld { try claim.keep(transaction) }
            return value
        }
        guard place != nil else { return value }
        if claim.isHeld {
            try await claims.makeGood(claim)
        } else if !hasRun.withLock({ $0 }) {
            // The answer is that of an earlier try, which may not have come as far as this.
            try await claims.settle(of: context.tenant)
        }
        return value
    }
}
