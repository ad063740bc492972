package import Kernel

extension Video {
    /// What changes over a video's life, as a store keeps it.
    package struct Status: Sendable, Codable, Equatable {
        package var state: State
        package var progress: Double
        package var durationSeconds: Double?
        package var width: Int?
        package var height: Int?
        package var failure: MediaFailure?
        package var renditions: [Rendition]
        package var isPlayable: Bool
        package var hasPoster: Bool
        package var hasThumbnails: Bool
        package var updatedAt: Timestamp

        package init(
            state: State, progress: Double, durationSeconds: Double?, width: Int?, height: Int?,
            failure: MediaFailure?, renditions: [Rendition], isPlayable: Bool, hasPoster: Bool,
            hasThumbnails: Bool, updatedAt: Timestamp
        ) {
            self.state = state
            self.progress = progress
            self.durationSeconds = durationSeconds
            self.width = width
            self.height = height
            self.failure = failure
            self.renditions = renditions
            self.isPlayable = isPlayable
            self.hasPoster = hasPoster
            self.hasThumbnails = hasThumbnails
            self.updatedAt = updatedAt
        }
    }

    /// A video as it was stored.
    package init(
        id: VideoID, announcement: VideoAnnouncement, createdBy: UserID, createdAt: Timestamp, status: Status,
        version: Version? = nil, review: ReviewSummary? = nil
    ) {
        self.init(
            id: id, announcement: announcement, createdBy: createdBy, createdAt: createdAt, version: version)
        self.status = status
        if let review { self.review = review }
    }
}
