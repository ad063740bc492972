package import Kernel

/// A team that has signed up.
package struct Tenant: Sendable, Codable, Equatable {
    package let id: TenantID
    package var name: String
    /// Lower-case name for addresses; not unique.
    package let slug: String
    package let region: String
    package let createdAt: Timestamp

    package init(id: TenantID, name: String, slug: String, region: String, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.slug = slug
        self.region = region
        self.createdAt = createdAt
    }
}

/// A member of one team.
package struct User: Sendable, Codable, Equatable {
    package let id: UserID
    package let email: String
    package var name: String
    package var role: Role
    package let createdAt: Timestamp

    package init(id: UserID, email: String, name: String, role: Role, createdAt: Timestamp) {
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.createdAt = createdAt
    }
}

package enum SessionSubject {}
package typealias SessionID = Identifier<SessionSubject>

/// One log-in on one device: a family of refresh tokens of which only the newest is good.
package struct LoginSession: Sendable, Codable, Equatable {
    package let id: SessionID
    package let user: UserID
    /// Number of the only good refresh token; grows at each refresh.
    package var generation: Int
    package var expiresAt: Timestamp
    package var isRevoked: Bool
    package let createdAt: Timestamp
    /// What the device said of itself at log-in; nil if it said nothing. Cut to `maximumUserAgent` characters.
    package let userAgent: String?
    /// When it was last renewed, or begun. Nil for sessions older than the knowledge of it.
    package var seenAt: Timestamp?

    package static let maximumUserAgent = 256

    package init(
        id: SessionID, user: UserID, generation: Int, expiresAt: Timestamp, isRevoked: Bool,
        createdAt: Timestamp, userAgent: String? = nil, seenAt: Timestamp? = nil
    ) {
        self.id = id
        self.user = user
        self.generation = generation
        self.expiresAt = expiresAt
        self.isRevoked = isRevoked
        self.createdAt = createdAt
        self.userAgent = Self.plain(userAgent)
        self.seenAt = seenAt
    }

    /// Without control characters, which are no part of a name but may upset who prints it.
    private static func plain(_ userAgent: String?) -> String? {
        guard let userAgent else { return nil }
        let scalars = userAgent.unicodeScalars.lazy.filter { $0.properties.generalCategory != .control }
        let text = String(String.UnicodeScalarView(scalars.prefix(maximumUserAgent)))
        return text.isEmpty ? nil : text
    }

    package enum Refresh: Equatable { case renewed, reused, refused }

    /// Renews the session by the token numbered `presented`. A genuine older token was stolen or replayed: the
    /// family is revoked, whoever holds the newer one.
    package mutating func refresh(presented: Int, now: Timestamp, lifetime: Duration) -> Refresh {
        guard !isRevoked, now < expiresAt, presented <= generation else { return .refused }
        guard presented == generation else {
            isRevoked = true
            return .reused
        }
        generation += 1
        expiresAt = now + lifetime
        seenAt = now
        return .renewed
    }
}

package enum InvitationSubject {}
package typealias InvitationID = Identifier<InvitationSubject>

/// An open door for one address.
package struct Invitation: Sendable, Codable, Equatable {
    package let id: InvitationID
    package let email: String
    package let role: Role
    package let invitedBy: UserID
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package var isAccepted: Bool

    package init(
        id: InvitationID, email: String, role: Role, invitedBy: UserID, createdAt: Timestamp,
        expiresAt: Timestamp,
        isAccepted: Bool
    ) {
        self.id = id
        self.email = email
        self.role = role
        self.invitedBy = invitedBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.isAccepted = isAccepted
    }
}

/// Where an e-mail address logs in to; one address belongs to one team.
package struct Login: Sendable, Equatable {
    package let email: String
    package let tenant: TenantID
    package let user: UserID
    /// As the password hasher wrote it.
    package let passwordHash: String

    package init(email: String, tenant: TenantID, user: UserID, passwordHash: String) {
        self.email = email
        self.tenant = tenant
        self.user = user
        self.passwordHash = passwordHash
    }
}
