package import Identity
package import Kernel

/// Tenants and people in the relational store.
package struct RelationalIdentityStore: IdentityStore {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any IdentityReader) throws -> Value
    ) async throws -> Value {
        try await database.read(tenant) { try body(IdentityRows(tenantID: tenant, rows: $0)) }
    }

    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any IdentityWriter) throws -> Value
    ) async throws -> Value {
        try await database.write(context) { try body(IdentityTransaction(transaction: $0)) }
    }

    package func login(email: String) async throws -> Login? {
        try await database.readSystem { reader in
            try reader.first("tenant_id, user_id, password_hash", from: .logins, where: "email = \(email)") {
                Login(email: email, tenant: try $0.next(), user: try $0.next(), passwordHash: try $0.next())
            }
        }
    }
}

extension RelationalIdentityStore {
    package func removeSessions(runOutBefore time: Timestamp) async throws -> Int {
        try await database.removeInParts { writer, limit in
            try writer.delete(
                from: .allSessions,
                where: """
                    expires_at < \(time) AND (tenant_id, id) IN (SELECT tenant_id, id FROM sessions \
                    WHERE expires_at < \(time) ORDER BY expires_at LIMIT \(limit))
                    """)
        }
    }
}

extension TenantTable {
    static let tenants = TenantTable("tenants")
    static let users = TenantTable("users")
    static let sessions = TenantTable("sessions")
    static let invitations = TenantTable("invitations")
}

extension SystemTable {
    static let logins = SystemTable("logins")
    /// For the clean-up alone, which works through all tenants.
    static let allSessions = SystemTable("sessions")
    static let directory = SystemTable("tenant_directory")
}

struct IdentityRows: IdentityReader {
    let tenantID: TenantID
    let rows: TenantReader

    func tenant() throws -> Tenant? {
        try rows.first("name, slug, region, created_at", from: .tenants) {
            Tenant(
                id: tenantID, name: try $0.next(), slug: try $0.next(), region: try $0.next(),
                createdAt: try $0.next())
        }
    }

    private static let userColumns = "id, email, name, role, created_at"

    private static func user(_ row: inout SQLRowReader) throws -> User {
        User(
            id: try row.next(), email: try row.next(), name: try row.next(), role: try row.nextCase(),
            createdAt: try row.next())
    }

    func user(_ id: UserID) throws -> User? {
        try rows.first(Self.userColumns, from: .users, where: "id = \(id)", decode: Self.user)
    }

    func users(_ ids: [UserID]) throws -> [User] {
        guard !ids.isEmpty else { return [] }
        return try rows.select(
            Self.userColumns, from: .users, where: "id IN \(list: ids)", decode: Self.user)
    }

    func users(_ page: PageRequest) throws -> Page<User> {
        let slice = SQLText.rows(of: page)
        let found = try rows.select(
            Self.userColumns, from: .users, where: slice.condition, then: slice.tail, decode: Self.user)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }

    func owners() throws -> Int {
        try rows.first("count(*)", from: .users, where: "role = \(Role.owner.rawValue)") { try $0.next() }
            ?? 0
    }

    private static let sessionColumns =
        "id, user_id, generation, expires_at, revoked, created_at, user_agent, seen_at"

    private static func session(_ row: inout SQLRowReader) throws -> LoginSession {
        LoginSession(
            id: try row.next(), user: try row.next(), generation: try row.next(), expiresAt: try row.next(),
            isRevoked: try row.next(), createdAt: try row.next(), userAgent: try row.nextIfPresent(),
            seenAt: try row.nextIfPresent())
    }

    func session(_ id: SessionID) throws -> LoginSession? {
        try rows.first(Self.sessionColumns, from: .sessions, where: "id = \(id)", decode: Self.session)
    }

    func sessions(of user: UserID, at time: Timestamp, _ page: PageRequest) throws -> Page<LoginSession> {
        let slice = SQLText.rows(of: page)
        let live: SQLText = "user_id = \(user) AND revoked = \(false) AND expires_at > \(time)"
        let found = try rows.select(
            Self.sessionColumns, from: .sessions, where: slice.condition.map { "\(live) AND \($0)" } ?? live,
            then: slice.tail, decode: Self.session)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }

    func invitation(_ id: InvitationID) throws -> Invitation? {
        try rows.first(
            "id, email, role, invited_by, created_at, expires_at, accepted", from: .invitations,
            where: "id = \(id)"
        ) {
            Invitation(
                id: try $0.next(), email: try $0.next(), role: try $0.nextCase(), invitedBy: try $0.next(),
                createdAt: try $0.next(), expiresAt: try $0.next(), isAccepted: try $0.next())
        }
    }
}
