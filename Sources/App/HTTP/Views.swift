import Identity
import Kernel
import Videos

// How values of the domain look on the wire.

extension JSONWriter {
    mutating func tenant(_ tenant: Tenant) {
        field("id", tenant.id)
        field("name", tenant.name)
        field("slug", tenant.slug)
        field("region", tenant.region)
        field("createdAt", tenant.createdAt)
    }

    mutating func user(_ user: User) {
        field("id", user.id)
        field("email", user.email)
        field("name", user.name)
        field("role", user.role.rawValue)
        field("createdAt", user.createdAt)
    }

    mutating func session(_ tokens: Accounts.TokenPair) {
        field("accessToken", tokens.access)
        field("refreshToken", tokens.refresh)
        field("tokenType", "Bearer")
        field("expiresIn", Int(tokens.expiresIn.inSeconds))
    }

    mutating func invitation(_ invitation: Invitation) {
        field("id", invitation.id)
        field("email", invitation.email)
        field("role", invitation.role.rawValue)
        field("createdAt", invitation.createdAt)
        field("expiresAt", invitation.expiresAt)
    }

    mutating func video(_ video: Video, _ playback: PlaybackGrant) {
        field("id", video.id)
        field("title", video.title)
        source(of: video)
        processing(video.status)
        if let seconds = video.status.durationSeconds { field("durationSeconds", seconds) }
        if let width = video.status.width { field("width", width) }
        if let height = video.status.height { field("height", height) }
        outcome(of: video, playback)
    }

    /// What guests see of a video.
    mutating func sharedVideo(_ video: Video, _ playback: PlaybackGrant) {
        field("id", video.id)
        field("title", video.title)
        processing(video.status)
        if let seconds = video.status.durationSeconds { field("durationSeconds", seconds) }
        if let width = video.status.width { field("width", width) }
        if let height = video.status.height { field("height", height) }
        array("renditions", video.status.renditions) { json, rendition in
            json.object { $0.rendition(rendition) }
        }
        if video.status.isPlayable { object("playback") { $0.playback(video, playback) } }
    }

    /// `source`, `processing` and `picture` as objects of their own.
    mutating func videoInVersionTwo(_ video: Video, _ playback: PlaybackGrant) {
        field("id", video.id)
        field("title", video.title)
        object("source") { $0.source(of: video) }
        object("processing") { $0.processing(video.status) }
        if let seconds = video.status.durationSeconds, let width = video.status.width,
            let height = video.status.height
        {
            object("picture") { json in
                json.field("durationSeconds", seconds)
                json.field("width", width)
                json.field("height", height)
            }
        }
        outcome(of: video, playback)
    }

    private mutating func source(of video: Video) {
        field("filename", video.filename)
        field("bytes", video.bytes)
        field("contentType", video.contentType)
    }

    private mutating func processing(_ status: Video.Status) {
        field("state", status.state.rawValue)
        field("progress", (status.progress * 1000).rounded() / 1000)
        if let failure = status.failure {
            object("failure") {
                $0.field("code", failure.code.rawValue)
                $0.field("detail", failure.detail)
            }
        }
    }

    private mutating func outcome(of video: Video, _ playback: PlaybackGrant) {
        let status = video.status
        array("renditions", status.renditions) { json, rendition in json.object { $0.rendition(rendition) } }
        if status.isPlayable { object("playback") { $0.playback(video, playback) } }
        object("version") { json in
            json.field("stackId", video.version.stack)
            json.field("number", video.version.number)
            json.field("isLatest", video.version.isLatest)
        }
        field("approval", video.review.approval.rawValue)
        field("commentCount", video.review.comments)
        field("openCommentCount", video.review.openThreads)
        field("createdBy", video.createdBy)
        field("createdAt", video.createdAt)
        field("updatedAt", status.updatedAt)
    }

    private mutating func rendition(_ rendition: Rendition) {
        field("name", rendition.name)
        field("width", rendition.width)
        field("height", rendition.height)
        field("bandwidth", rendition.bandwidth)
        field("codecs", rendition.codecs)
    }

    private mutating func playback(_ video: Video, _ grant: PlaybackGrant) {
        let prefix = "/v1/playback/\(grant.token)/\(video.id)/"
        field("hls", prefix + "master.m3u8")
        if video.status.hasPoster { field("poster", prefix + "poster.jpg") }
        if video.status.state == .ready, video.status.hasThumbnails {
            field("thumbnails", prefix + "thumbnails.vtt")
        }
        field("expiresAt", grant.expiresAt)
    }

    mutating func upload(_ view: VideoLibrary.UploadView) {
        let upload = view.upload
        field("id", upload.id)
        field("videoId", upload.video)
        field("state", upload.state.rawValue)
        field("bytes", upload.bytes)
        field("partBytes", upload.partBytes)
        field("partCount", max(1, (upload.bytes + upload.partBytes - 1) / upload.partBytes))
        array("received", view.received) { json, part in
            json.object {
                $0.field("number", part.number)
                $0.field("etag", part.etag)
                $0.field("bytes", part.bytes)
            }
        }
        parts(view.parts)
        field("expiresAt", upload.expiresAt)
    }

    mutating func parts(_ offers: [VideoLibrary.PartOffer]) {
        array("parts", offers) { json, offer in
            json.object { json in
                json.field("number", offer.number)
                json.field("url", offer.url.url)
                json.object("headers") { json in
                    for (name, value) in offer.url.headers.sorted(by: { $0.key < $1.key }) {
                        json.field(name, value)
                    }
                }
            }
        }
    }
}
