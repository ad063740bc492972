package import Kernel

/// All bytes of a video are in the object store.
package struct VideoUploaded: EventPayload, Equatable {
    package static let type = "video.uploaded"
    package static let version = 1
    package let video: VideoID
    package let title: String
    package let bytes: Int64
    package let uploadedBy: UserID
}

/// A video can be watched in all its qualities.
package struct VideoReady: EventPayload, Equatable {
    package static let type = "video.ready"
    package static let version = 1
    package let video: VideoID
    package let title: String
    package let durationSeconds: Double
    package let renditions: [String]
}

/// A video's source could not be used.
package struct VideoFailed: EventPayload, Equatable {
    package static let type = "video.failed"
    package static let version = 1
    package let video: VideoID
    package let title: String
    package let code: String
    package let detail: String
}

package struct VideoRenamed: EventPayload, Equatable {
    package static let type = "video.renamed"
    package static let version = 1
    package let video: VideoID
    package let title: String
}

/// A video, its approvals and its links are gone; of its comments each is told of (`comment.deleted`).
package struct VideoDeleted: EventPayload, Equatable {
    package static let type = "video.deleted"
    package static let version = 1
    package let video: VideoID
    package let deletedBy: UserID?
    /// Whose parts may lie in the object store still.
    package let openUploads: [MultipartUpload]?
}
