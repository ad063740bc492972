import Kernel

/// What one write has claimed at home for a commit in the tenant's own database.
///
/// Whether it holds is decided there alone, by the record under its token: the write leaves `kept` with its rows,
/// whoever finds the claim lapsed leaves `void`, and only one of the two can commit.
struct IdentityClaim: Sendable {
    static let kept = "kept"
    static let void = "void"
    private static let scope = "identity-claim"

    let token: UUIDv7
    let tenant: TenantID
    /// Where the record of the write's idempotency key is kept at home too.
    let once: OnceKey?
    private(set) var isHeld = false
    private(set) var holdsDatabase = false
    private(set) var emails: Set<String> = []

    init(_ context: WriteContext) {
        token = UUIDv7()
        tenant = context.tenant
        once = context.once.flatMap { $0.keeper == .nobody ? $0 : nil }
    }

    mutating func hold(database: Bool, emails: some Sequence<String>) {
        isHeld = true
        holdsDatabase = holdsDatabase || database
        self.emails.formUnion(emails)
    }

    static func decision(_ token: UUIDv7) -> OnceKey { OnceKey(scope: scope, key: token.description) }

    /// Says within the write that it holds. `ClaimLost` if somebody has said that it does not.
    func keep(_ transaction: TenantTransaction) throws {
        let earlier: String? = try transaction.result(of: Self.decision(token))
        guard earlier == nil else { throw ClaimLost() }
        try transaction.record(Self.kept, of: Self.decision(token))
    }
}

/// What a body needs at home before it can commit in another database.
struct ClaimNeeds: Error, Sendable {
    /// A database for a new tenant, so placed.
    var placement: TenantPlacement?
    /// The database of a tenant that has one.
    var place = ""
    /// Addresses to be taken, and others to be freed or to get another password.
    var added: Set<String> = []
    var changed: Set<String> = []

    var isEmpty: Bool { placement == nil && added.isEmpty && changed.isEmpty }
}

/// Another write's claim covers what this one needs.
struct ClaimInTheWay: Error, Sendable {
    let token: UUIDv7
    /// It has the same idempotency key: whoever made it asks again.
    var isOwn = false
}

/// Somebody took this claim for lapsed, or it stands for an earlier try: the write begins anew.
struct ClaimLost: Error {}

extension SystemTable {
    static let identityClaims = SystemTable("identity_claims")
}

extension UserID {
    /// Stands in a log-in for the person who is about to have it.
    static var nobody: UserID { UserID(UUIDv7(high: 0, low: 0)) }
}
