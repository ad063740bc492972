package import Kernel

package enum ShareSubject {}
package typealias ShareID = Identifier<ShareSubject>

/// A door for guests to one version of one video.
package struct ShareLink: Sendable, Codable, Equatable {
    package let id: ShareID
    package let video: VideoID
    package let createdBy: UserID
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package let hasPassword: Bool
    package let maximumViews: Int?
    package let allowsComments: Bool
    package private(set) var views: Int
    package private(set) var revokedAt: Timestamp?

    package init(
        id: ShareID, video: VideoID, createdBy: UserID, createdAt: Timestamp, terms: Terms, views: Int = 0,
        revokedAt: Timestamp? = nil
    ) {
        self.id = id
        self.video = video
        self.createdBy = createdBy
        self.createdAt = createdAt
        expiresAt = terms.expiresAt
        hasPassword = terms.hasPassword
        maximumViews = terms.maximumViews
        allowsComments = terms.allowsComments
        self.views = views
        self.revokedAt = revokedAt
    }

    /// What was agreed when it was made.
    package struct Terms: Sendable {
        package let expiresAt: Timestamp
        package let hasPassword: Bool
        package let maximumViews: Int?
        package let allowsComments: Bool

        package init(expiresAt: Timestamp, hasPassword: Bool, maximumViews: Int?, allowsComments: Bool) {
            self.expiresAt = expiresAt
            self.hasPassword = hasPassword
            self.maximumViews = maximumViews
            self.allowsComments = allowsComments
        }
    }

    package var viewsLeft: Int? { maximumViews.map { max(0, $0 - views) } }

    /// Those who are in may stay.
    package func isOpen(at time: Timestamp) -> Bool { revokedAt == nil && time < expiresAt }

    /// Whether another may come in.
    package func admits(at time: Timestamp) -> Bool { isOpen(at: time) && viewsLeft != 0 }

    static let ended = Failure(.notFound, "share_ended", "This link has expired, was used up or was revoked.")

    /// `share_ended` if there are no more views to be had.
    package mutating func view(at time: Timestamp) throws(Failure) {
        guard admits(at: time) else { throw Self.ended }
        views += 1
    }

    /// False if it was before.
    mutating func revoke(at time: Timestamp) -> Bool {
        guard revokedAt == nil else { return false }
        revokedAt = time
        return true
    }
}

/// A link as somebody wants it.
package struct ShareRequest: Sendable {
    package var expiresAt: Timestamp?
    package var password: String?
    package var maximumViews: Int?
    package var allowsComments: Bool

    package init(
        expiresAt: Timestamp? = nil, password: String? = nil, maximumViews: Int? = nil,
        allowsComments: Bool = false
    ) {
        self.expiresAt = expiresAt
        self.password = password
        self.maximumViews = maximumViews
        self.allowsComments = allowsComments
    }

    static let usualLifetime: Duration = .seconds(30 * 86_400)
    static let longestLifetime: Duration = .seconds(366 * 86_400)
    static let passwordLength = 4...256
    static let views = 1...1_000_000

    /// All problems at once.
    func terms(at time: Timestamp) throws(Failure) -> ShareLink.Terms {
        var problems: [Failure.Field] = []
        let end = expiresAt ?? time + Self.usualLifetime
        if end <= time || end > time + Self.longestLifetime {
            problems.append(.init("expiresAt", "out_of_range", "A link ends within a year from now."))
        }
        if let password, !Self.passwordLength.contains(password.count) {
            problems.append(
                .init(
                    "password", "password_length",
                    "A password has \(Self.passwordLength.lowerBound) to \(Self.passwordLength.upperBound) characters."
                ))
        }
        if let maximumViews, !Self.views.contains(maximumViews) {
            problems.append(
                .init(
                    "maximumViews", "out_of_range",
                    "A link has 1 to \(Self.views.upperBound) views, or no bound."))
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        return ShareLink.Terms(
            expiresAt: end, hasPassword: password != nil, maximumViews: maximumViews,
            allowsComments: allowsComments)
    }
}
