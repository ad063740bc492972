package import Kernel

/// Tokens of links and of the guests who came by them; only this system can have made them.
package protocol ShareTokens: Sendable {
    /// Equal for equal references, so that a repeated request is answered as the first.
    func token(of share: ShareReference) -> String
    /// Nil unless it is genuine.
    func share(of token: String) -> ShareReference?
    func token(of pass: GuestPass) -> String
    /// Nil unless it is genuine; its time may be over.
    func pass(of token: String) -> GuestPass?
}

/// Names a link among those of all tenants.
package struct ShareReference: Sendable, Equatable {
    package let tenant: TenantID
    package let share: ShareID

    package init(tenant: TenantID, share: ShareID) {
        self.tenant = tenant
        self.share = share
    }
}

/// Says that somebody came in by a link, and under which name.
package struct GuestPass: Sendable, Equatable {
    package let share: ShareReference
    package let name: String
    package let expiresAt: Timestamp

    package init(share: ShareReference, name: String, expiresAt: Timestamp) {
        self.share = share
        self.name = name
        self.expiresAt = expiresAt
    }

    /// Longer than addresses of playback mostly hold, so that a guest who watches on gets new ones.
    static let lifetime: Duration = .seconds(24 * 3_600)
    static let maximumName = 80

    /// "Guest" where none is given.
    static func validated(name: String?) throws(Failure) -> String {
        guard let name, name.contains(where: { !$0.isWhitespace }) else { return "Guest" }
        let isPlain = !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard isPlain, name.count <= maximumName, name.utf8.count <= maximumName * 4 else {
            throw .invalid("name", "invalid", "A name has at most \(maximumName) characters on one line.")
        }
        return name
    }
}

/// How passwords of links are kept.
package struct SharePasswords: Sendable {
    /// A slow hash that carries its own salt; `overloaded` when too many wait.
    package let hash: @Sendable (_ password: String) async throws -> String
    package let verify: @Sendable (_ password: String, _ hash: String) async throws -> Bool

    package init(
        hash: @escaping @Sendable (String) async throws -> String,
        verify: @escaping @Sendable (String, String) async throws -> Bool
    ) {
        self.hash = hash
        self.verify = verify
    }
}
