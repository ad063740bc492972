package import Kernel

/// What this context does when events come: idempotent, since each may come more than once.
package struct VideoReactions: Sendable {
    package static let group = "videos"

    private let jobs: any JobQueue
    private let objects: any ObjectStore
    private let uploads: any MultipartStore
    private let notices: VideoNotices

    package init(
        jobs: any JobQueue, objects: any ObjectStore, uploads: any MultipartStore, notices: VideoNotices
    ) {
        self.jobs = jobs
        self.objects = objects
        self.uploads = uploads
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
            await notices.changed(video)
        default: break
        }
    }
}
