import Kernel
import Videos

/// One tenant's reviews in one snapshot.
struct ReviewRows: ReviewReader {
    let rows: TenantReader

    func video(_ id: VideoID) throws -> Video? { try VideoRows(rows: rows).video(id) }

    private static let commentColumns = """
        id, video_id, parent_id, at_seconds, until_seconds, author_id, guest_name, share_id, created_at, body, \
        mentions, drawing, edited_at, deleted_at, resolved_at, resolved_by
        """

    private static func comment(_ row: inout SQLRowReader) throws -> Comment {
        let id: CommentID = try row.next()
        let place = Comment.Place(
            video: try row.next(), parent: try row.nextIfPresent(), atSeconds: try row.next(),
            untilSeconds: try row.nextIfPresent())
        return Comment(
            id: id, place: place, author: try author(&row), createdAt: try row.next(),
            content: try content(&row))
    }

    private static func author(_ row: inout SQLRowReader) throws -> Comment.Author {
        let member: UserID? = try row.nextIfPresent()
        let name: String? = try row.nextIfPresent()
        let share: ShareID? = try row.nextIfPresent()
        if let member { return .member(member) }
        guard let name, let share else {
            throw Failure(.internal, "comment_author", "A stored comment is nobody's.")
        }
        return .guest(name: name, share: share)
    }

    private static func content(_ row: inout SQLRowReader) throws -> Comment.Content {
        var content = Comment.Content(
            body: try row.nextIfPresent(),
            mentions: try JSON.decode([UserID].self, try row.next([UInt8].self)))
        content.drawing = try row.nextIfPresent([UInt8].self).map { try JSON.decode(Drawing.self, $0) }
        content.editedAt = try row.nextIfPresent()
        content.deletedAt = try row.nextIfPresent()
        let resolvedAt: Timestamp? = try row.nextIfPresent()
        let resolvedBy: UserID? = try row.nextIfPresent()
        if let resolvedAt, let resolvedBy {
            content.resolution = Comment.Resolution(at: resolvedAt, by: resolvedBy)
        }
        return content
    }

    func comment(_ id: CommentID) throws -> Comment? {
        try rows.first(Self.commentColumns, from: .comments, where: "id = \(id)", decode: Self.comment)
    }

    func comments(of video: VideoID, _ page: PageRequest, isResolved: Bool?) throws -> Page<Comment> {
        var condition: SQLText = "video_id = \(video)"
        if let isResolved { condition = "\(condition) AND \(threads(of: video, isResolved: isResolved))" }
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select(
            Self.commentColumns, from: .comments, where: condition, then: slice.tail, decode: Self.comment)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }

    /// A reply is as settled as its thread.
    private func threads(of video: VideoID, isResolved: Bool) -> SQLText {
        var sql = SQLText(pieces: [
            .text("coalesce(parent_id, id) IN (SELECT id FROM "),
            TenantTable.comments.piece(isTarget: false),
        ])
        let state: SQLText = isResolved ? "resolved_at IS NOT NULL" : "resolved_at IS NULL"
        sql.append(rows.scoped("video_id = \(video) AND parent_id IS NULL AND \(state)"))
        sql.append(text: ")")
        return sql
    }

    func commentIDs(_ page: PageRequest) throws -> Page<CommentID> {
        let slice = SQLText.rows(of: page)
        let found = try rows.select("id", from: .comments, where: slice.condition, then: slice.tail) {
            try $0.next(CommentID.self)
        }
        return Page(reading: found, limit: page.limit) { $0.uuid }
    }

    func approvals(of video: VideoID) throws -> [Approval] {
        try rows.select(
            "video_id, user_id, state, note, at", from: .approvals, where: "video_id = \(video)",
            then: "ORDER BY at, user_id"
        ) {
            Approval(
                video: try $0.next(), user: try $0.next(), state: try $0.nextCase(),
                note: try $0.nextIfPresent(), at: try $0.next())
        }
    }

    private static let shareColumns = """
        id, video_id, created_by, created_at, expires_at, password_hash, maximum_views, \
        allows_comments, views, revoked_at
        """

    private static func share(_ row: inout SQLRowReader) throws -> ShareLink {
        ShareLink(
            id: try row.next(), video: try row.next(), createdBy: try row.next(), createdAt: try row.next(),
            terms: ShareLink.Terms(
                expiresAt: try row.next(), hasPassword: try row.nextIfPresent(String.self) != nil,
                maximumViews: try row.nextIfPresent(),
                allowsComments: try row.next()), views: try row.next(), revokedAt: try row.nextIfPresent())
    }

    func share(_ id: ShareID) throws -> ShareLink? {
        try rows.first(Self.shareColumns, from: .shareLinks, where: "id = \(id)", decode: Self.share)
    }

    func passwordHash(of share: ShareID) throws -> String? {
        try rows.first("password_hash", from: .shareLinks, where: "id = \(share)") {
            try $0.nextIfPresent(String.self)
        } ?? nil
    }

    func shares(of video: VideoID, _ page: PageRequest) throws -> Page<ShareLink> {
        var condition: SQLText = "video_id = \(video)"
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select(
            Self.shareColumns, from: .shareLinks, where: condition, then: slice.tail, decode: Self.share)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }
}
