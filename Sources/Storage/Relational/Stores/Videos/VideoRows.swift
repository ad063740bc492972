import Kernel
import Videos

/// One tenant's videos in one snapshot.
struct VideoRows: VideoReader {
    let rows: TenantReader

    private static let videoColumns = """
        id, title, filename, bytes, content_type, sha256, created_by, created_at, state, progress, \
        duration_seconds, width, height, failure_code, failure_detail, renditions, playable, poster, thumbnails, \
        updated_at, stack_id, version_number, is_latest, approval, comment_count, open_thread_count, review_revision
        """

    private static func video(_ row: inout SQLRowReader) throws -> Video {
        let id: VideoID = try row.next()
        let announcement = VideoAnnouncement(
            title: try row.next(), filename: try row.next(), bytes: try row.next(),
            contentType: try row.next(),
            sha256: try row.nextIfPresent())
        return Video(
            id: id, announcement: announcement, createdBy: try row.next(), createdAt: try row.next(),
            status: try status(&row), version: try version(of: id, &row), review: try review(&row))
    }

    /// A video of before there were versions has no stack.
    private static func version(of id: VideoID, _ row: inout SQLRowReader) throws -> Video.Version {
        Video.Version(
            stack: try row.nextIfPresent() ?? id, number: try row.next(), isLatest: try row.next())
    }

    private static func review(_ row: inout SQLRowReader) throws -> ReviewSummary {
        ReviewSummary(
            approval: try row.nextCase(), comments: try row.next(), openThreads: try row.next(),
            revision: try row.next())
    }

    private static func status(_ row: inout SQLRowReader) throws -> Video.Status {
        Video.Status(
            state: try row.nextCase(), progress: try row.next(), durationSeconds: try row.nextIfPresent(),
            width: try row.nextIfPresent(), height: try row.nextIfPresent(), failure: try failure(&row),
            renditions: try JSON.decode([Rendition].self, try row.next([UInt8].self)),
            isPlayable: try row.next(),
            hasPoster: try row.next(), hasThumbnails: try row.next(), updatedAt: try row.next())
    }

    private static func failure(_ row: inout SQLRowReader) throws -> MediaFailure? {
        let code: String? = try row.nextIfPresent()
        let detail: String? = try row.nextIfPresent()
        guard let code, let detail, let known = MediaFailure.Code(rawValue: code) else { return nil }
        return MediaFailure(known, detail)
    }

    func video(_ id: VideoID) throws -> Video? {
        try rows.first(Self.videoColumns, from: .videos, where: "id = \(id)", decode: Self.video)
    }

    func videos(_ page: PageRequest, state: Video.State?, latest: Bool) throws -> Page<Video> {
        var condition: SQLText =
            if let state { "state = \(state.rawValue)" } else {
                "state <> \(Video.State.awaitingUpload.rawValue)"
            }
        if latest { condition = "\(condition) AND is_latest = 1" }
        let slice = SQLText.rows(of: page)
        if let after = slice.condition { condition = "\(condition) AND \(after)" }
        let found = try rows.select(
            Self.videoColumns, from: .videos, where: condition,
            then: slice.tail, decode: Self.video)
        return Page(reading: found, limit: page.limit) { $0.id.uuid }
    }

    func versions(of stack: VideoID) throws -> [Video] {
        try rows.select(
            Self.videoColumns, from: .videos,
            where: "stack_id = \(stack) OR (id = \(stack) AND stack_id IS NULL)",
            then: "ORDER BY version_number DESC", decode: Self.video)
    }

    private static let uploadColumns =
        "id, video_id, bytes, part_bytes, content_type, created_by, created_at, expires_at, state, store_handle"

    private static func upload(_ row: inout SQLRowReader) throws -> Upload {
        Upload(
            id: try row.next(), video: try row.next(), bytes: try row.next(), partBytes: try row.next(),
            contentType: try row.next(), createdBy: try row.next(), createdAt: try row.next(),
            expiresAt: try row.next(), state: try row.nextCase(), storeHandle: try row.nextIfPresent())
    }

    func upload(_ id: UploadID) throws -> Upload? {
        try rows.first(Self.uploadColumns, from: .uploads, where: "id = \(id)", decode: Self.upload)
    }

    func uploads(of video: VideoID) throws -> [Upload] {
        try rows.select(Self.uploadColumns, from: .uploads, where: "video_id = \(video)", decode: Self.upload)
    }

    func usage() throws -> VideoUsage {
        try rows.first("bytes, open_uploads", from: .videoUsage) {
            VideoUsage(bytes: try $0.next(), openUploads: try $0.next())
        } ?? VideoUsage(bytes: 0, openUploads: 0)
    }
}
