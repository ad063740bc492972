package import Kernel

/// Comments, approvals and links of guests. Bodies run in one transaction and may be run again.
package protocol ReviewStore: Sendable {
    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ReviewReader) throws -> Value
    ) async throws -> Value

    /// As `WriteContext` says: once, with its events, or not at all.
    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ReviewWriter) throws -> Value
    ) async throws -> Value
}

/// One tenant's reviews, in one snapshot.
package protocol ReviewReader {
    func video(_ id: VideoID) throws -> Video?
    func comment(_ id: CommentID) throws -> Comment?
    /// In the page's order, deleted ones too; of threads that are settled, or are not, when `isResolved` says so.
    func comments(of video: VideoID, _ page: PageRequest, isResolved: Bool?) throws -> Page<Comment>
    /// Of all videos, in the page's order.
    func commentIDs(_ page: PageRequest) throws -> Page<CommentID>
    /// Oldest verdict first.
    func approvals(of video: VideoID) throws -> [Approval]
    func share(_ id: ShareID) throws -> ShareLink?
    /// As the password hasher wrote it; nil where there is none.
    func passwordHash(of share: ShareID) throws -> String?
    /// In the page's order, ended ones too.
    func shares(of video: VideoID, _ page: PageRequest) throws -> Page<ShareLink>
}

package protocol ReviewWriter: ReviewReader {
    /// Adds or replaces.
    func save(_ comment: Comment) throws
    /// Removes the oldest `limit` comments of a video; which they were.
    func removeComments(of video: VideoID, limit: Int) throws -> [CommentID]
    /// Adds, or replaces the same member's.
    func save(_ approval: Approval) throws
    /// Removes a member's verdicts, on one video or on any, at most `limit`; on which they were.
    func removeApprovals(by user: UserID, of video: VideoID?, limit: Int) throws -> [VideoID]
    /// Adds a link, with the hash of its password.
    func insert(_ share: ShareLink, passwordHash: String?) throws
    /// Replaces views and revocation of a link.
    func save(_ share: ShareLink) throws
    /// What the video's own row shows; nothing else of it changes.
    func save(_ summary: ReviewSummary, of video: VideoID) throws
    func publish(_ event: some EventPayload, key: String) throws
}
