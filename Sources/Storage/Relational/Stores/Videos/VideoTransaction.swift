import Kernel
import Videos

/// One write of a tenant's videos.
struct VideoTransaction: VideoWriter {
    let transaction: TenantTransaction
    private var rows: TenantWriter { transaction.rows }
    private var stored: VideoRows { VideoRows(rows: transaction.rows.reader) }

    func video(_ id: VideoID) throws -> Video? { try stored.video(id) }
    func videos(_ page: PageRequest, state: Video.State?, latest: Bool) throws -> Page<Video> {
        try stored.videos(page, state: state, latest: latest)
    }
    func versions(of stack: VideoID) throws -> [Video] { try stored.versions(of: stack) }
    func upload(_ id: UploadID) throws -> Upload? { try stored.upload(id) }
    func uploads(of video: VideoID) throws -> [Upload] { try stored.uploads(of: video) }
    func usage() throws -> VideoUsage { try stored.usage() }

    func save(_ video: Video) throws {
        let status = video.status
        let renditions = try JSON.encode(status.renditions)
        try rows.upsert(
            into: .videos,
            [
                "id": video.id, "title": video.title, "filename": video.filename, "bytes": video.bytes,
                "content_type": video.contentType, "sha256": video.sha256, "created_by": video.createdBy,
                "created_at": video.createdAt, "updated_at": status.updatedAt, "state": status.state.rawValue,
                "progress": status.progress, "duration_seconds": status.durationSeconds,
                "width": status.width,
                "height": status.height, "failure_code": status.failure?.code.rawValue,
                "failure_detail": status.failure?.detail, "renditions": renditions,
                "playable": status.isPlayable, "poster": status.hasPoster, "thumbnails": status.hasThumbnails,
            ],
            and: [
                "stack_id": video.version.stack, "version_number": video.version.number,
                "is_latest": video.version.isLatest, "approval": video.review.approval.rawValue,
                "comment_count": video.review.comments, "open_thread_count": video.review.openThreads,
                "review_revision": video.review.revision,
            ], key: "tenant_id, id",
            change: """
                stack_id = excluded.stack_id, version_number = excluded.version_number, \
                is_latest = excluded.is_latest, \
                title = excluded.title, updated_at = excluded.updated_at, state = excluded.state, \
                progress = excluded.progress, duration_seconds = excluded.duration_seconds, \
                width = excluded.width, height = excluded.height, failure_code = excluded.failure_code, \
                failure_detail = excluded.failure_detail, renditions = excluded.renditions, \
                playable = excluded.playable, poster = excluded.poster, thumbnails = excluded.thumbnails
                """)
    }

    func save(_ upload: Upload) throws {
        try rows.upsert(
            into: .uploads,
            [
                "id": upload.id, "video_id": upload.video, "bytes": upload.bytes,
                "part_bytes": upload.partBytes,
                "content_type": upload.contentType, "created_by": upload.createdBy,
                "created_at": upload.createdAt, "expires_at": upload.expiresAt,
                "state": upload.state.rawValue, "store_handle": upload.storeHandle,
            ], key: "tenant_id, id", change: "state = excluded.state, store_handle = excluded.store_handle")
    }

    func remove(_ video: VideoID) throws {
        try rows.delete(from: .videos, where: "id = \(video)")
        for table in [TenantTable.uploads, .approvals, .shareLinks] {
            try rows.delete(from: table, where: "video_id = \(video)")
        }
    }

    func save(_ usage: VideoUsage) throws {
        try rows.upsert(
            into: .videoUsage, ["bytes": usage.bytes, "open_uploads": usage.openUploads], key: "tenant_id",
            change: "bytes = excluded.bytes, open_uploads = excluded.open_uploads")
    }

    func publish(_ event: some EventPayload, key: String) throws { try transaction.publish(event, key: key) }
}
