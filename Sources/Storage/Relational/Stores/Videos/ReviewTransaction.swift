import Kernel
import Videos

/// One write of a tenant's reviews.
struct ReviewTransaction: ReviewWriter {
    let transaction: TenantTransaction
    private var rows: TenantWriter { transaction.rows }
    private var stored: ReviewRows { ReviewRows(rows: transaction.rows.reader) }

    func video(_ id: VideoID) throws -> Video? { try stored.video(id) }
    func comment(_ id: CommentID) throws -> Comment? { try stored.comment(id) }
    func comments(of video: VideoID, _ page: PageRequest, isResolved: Bool?) throws -> Page<Comment> {
        try stored.comments(of: video, page, isResolved: isResolved)
    }
    func commentIDs(_ page: PageRequest) throws -> Page<CommentID> { try stored.commentIDs(page) }
    func approvals(of video: VideoID) throws -> [Approval] { try stored.approvals(of: video) }
    func share(_ id: ShareID) throws -> ShareLink? { try stored.share(id) }
    func passwordHash(of share: ShareID) throws -> String? { try stored.passwordHash(of: share) }
    func shares(of video: VideoID, _ page: PageRequest) throws -> Page<ShareLink> {
        try stored.shares(of: video, page)
    }

    func save(_ comment: Comment) throws {
        let drawing = try comment.drawing.map { try JSON.encode($0) }
        try rows.upsert(
            into: .comments,
            [
                "id": comment.id, "video_id": comment.video, "parent_id": comment.parent,
                "author_id": comment.author.member, "guest_name": comment.author.guestName,
                "share_id": comment.author.share, "at_seconds": comment.atSeconds,
                "until_seconds": comment.untilSeconds, "created_at": comment.createdAt,
            ],
            and: [
                "body": comment.body, "mentions": try JSON.encode(comment.mentions), "drawing": drawing,
                "edited_at": comment.editedAt, "deleted_at": comment.deletedAt,
                "resolved_at": comment.resolution?.at, "resolved_by": comment.resolution?.by,
            ], key: "tenant_id, id",
            change: """
                body = excluded.body, mentions = excluded.mentions, drawing = excluded.drawing, \
                edited_at = excluded.edited_at, deleted_at = excluded.deleted_at, \
                resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by
                """)
    }

    func removeComments(of video: VideoID, limit: Int) throws -> [CommentID] {
        let oldest = try rows.reader.select(
            "id", from: .comments, where: "video_id = \(video)", then: "ORDER BY id LIMIT \(limit)"
        ) { try $0.next(CommentID.self) }
        if !oldest.isEmpty { try rows.delete(from: .comments, where: "id IN \(list: oldest)") }
        return oldest
    }

    func save(_ approval: Approval) throws {
        try rows.upsert(
            into: .approvals,
            [
                "video_id": approval.video, "user_id": approval.user, "state": approval.state.rawValue,
                "note": approval.note, "at": approval.at,
            ], key: "tenant_id, video_id, user_id",
            change: "state = excluded.state, note = excluded.note, at = excluded.at")
    }

    func removeApprovals(by user: UserID, of video: VideoID?, limit: Int) throws -> [VideoID] {
        var condition: SQLText = "user_id = \(user)"
        if let video { condition = "\(condition) AND video_id = \(video)" }
        let videos = try rows.reader.select(
            "video_id", from: .approvals, where: condition, then: "ORDER BY video_id LIMIT \(limit)"
        ) { try $0.next(VideoID.self) }
        if !videos.isEmpty {
            try rows.delete(from: .approvals, where: "user_id = \(user) AND video_id IN \(list: videos)")
        }
        return videos
    }

    func insert(_ share: ShareLink, passwordHash: String?) throws {
        // A token proves itself: what the table has room for is not needed.
        let digest: [UInt8] = []
        try rows.insert(
            into: .shareLinks,
            [
                "id": share.id, "video_id": share.video, "created_by": share.createdBy,
                "created_at": share.createdAt, "expires_at": share.expiresAt,
                "token_digest": digest, "password_hash": passwordHash,
                "maximum_views": share.maximumViews, "allows_comments": share.allowsComments,
                "views": share.views, "revoked_at": share.revokedAt,
            ])
    }

    func save(_ share: ShareLink) throws {
        try rows.update(
            .shareLinks, set: "views = \(share.views), revoked_at = \(share.revokedAt)",
            where: "id = \(share.id)")
    }

    func save(_ summary: ReviewSummary, of video: VideoID) throws {
        try rows.update(
            .videos,
            set: """
                approval = \(summary.approval.rawValue), comment_count = \(summary.comments), \
                open_thread_count = \(summary.openThreads), review_revision = \(summary.revision)
                """, where: "id = \(video)")
    }

    func publish(_ event: some EventPayload, key: String) throws { try transaction.publish(event, key: key) }
}
