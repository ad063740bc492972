package import Kernel

/// What this context does when events come: idempotent, since each may come more than once.
package struct VideoReactions: Sendable {
    package static let group = "videos"

    private let jobs: any JobQueue
    private let objects: any ObjectStore
    private let uploads: any MultipartStore
    private let reviews: any ReviewStore
    private let notices: VideoNotices

    /// Comments or verdicts that one write removes, so that none takes long.
    private static let removedAtOnce = 200

    package init(
        jobs: any JobQueue, objects: any ObjectStore, uploads: any MultipartStore,
        reviews: any ReviewStore, notices: VideoNotices
    ) {
        self.jobs = jobs
        self.objects = objects
        self.uploads = uploads
        self.reviews = reviews
        self.notices = notices
    }

    package func apply(_ event: Event) async throws {
        switch event.type {
        case VideoUploaded.type:
            let video = try event.payload(VideoUploaded.self).video
            _ = try await jobs.enqueue(
                NewJob(
                    kind: Transcoding.jobKind, key: video.description, tenant: event.tenant,
                    payload: JSON.encode(Transcoding.Order(video: video))))
        case VideoDeleted.type:
            let deletion = try event.payload(VideoDeleted.self)
            let video = deletion.video
            for upload in deletion.openUploads ?? [] { try await uploads.abort(upload) }
            try await jobs.cancel(
                kind: Transcoding.jobKind, key: video.description, of: event.tenant)
            try await objects.delete(prefix: VideoObjects(tenant: event.tenant, video: video).prefix)
            try await removeComments(of: video, in: event.tenant)
            await notices.changed(video)
        default: break
        }
    }

    /// Takes back the verdicts of somebody who has left the team: nobody else can.
    package func userRemoved(_ user: UserID, in tenant: TenantID) async throws {
        var videos: [VideoID]
        repeat {
            videos = try await reviews.write(WriteContext(tenant: tenant)) { writer in
                let videos = try writer.removeApprovals(by: user, of: nil, limit: Self.removedAtOnce)
                for id in videos {
                    guard let video = try writer.video(id) else { continue }
                    var summary = video.review
                    summary.judge(try Reviews.verdict(on: video, writer).outcome)
                    try writer.save(summary, of: id)
                    try writer.publish(
                        ApprovalGiven(video: id, by: user, state: "none"), key: id.description)
                }
                return videos
            }
            for video in videos { await notices.changed(video) }
        } while videos.count == Self.removedAtOnce
    }

    /// Tells of each, so that who keeps copies lets them go too.
    private func removeComments(of video: VideoID, in tenant: TenantID) async throws {
        var removed: Int
        repeat {
            removed = try await reviews.write(WriteContext(tenant: tenant)) { writer in
                guard try writer.video(video) == nil else { return 0 }
                let comments = try writer.removeComments(of: video, limit: Self.removedAtOnce)
                for comment in comments {
                    try writer.publish(
                        CommentDeleted(video: video, comment: comment), key: video.description)
                }
                return comments.count
            }
        } while removed == Self.removedAtOnce
    }
}
