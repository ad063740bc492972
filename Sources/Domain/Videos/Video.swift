package import Kernel

package enum VideoSubject {}
package typealias VideoID = Identifier<VideoSubject>

/// A video from the moment somebody announced it until it is deleted.
package struct Video: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case awaitingUpload = "awaiting_upload"
        case processing, ready, failed
    }

    package let id: VideoID
    package var title: String
    package let filename: String
    package let bytes: Int64
    package let contentType: String
    /// Lower-case hexadecimal, as the uploader claims; checked before any work.
    package let sha256: String?
    package let createdBy: UserID
    package let createdAt: Timestamp
    package internal(set) var status: Status
    /// Absent in answers that were kept before there were versions.
    private var place: Version?
    private var summary: ReviewSummary?

    package internal(set) var version: Version {
        get { place ?? Version(firstOf: id) }
        set { place = newValue }
    }
    package internal(set) var review: ReviewSummary {
        get { summary ?? ReviewSummary() }
        set { summary = newValue }
    }

    package var state: State { status.state }
    package var updatedAt: Timestamp { status.updatedAt }

    package init(
        id: VideoID, announcement: VideoAnnouncement, createdBy: UserID, createdAt: Timestamp,
        version: Version? = nil
    ) {
        self.id = id
        title = announcement.title
        filename = announcement.filename
        bytes = announcement.bytes
        contentType = announcement.contentType
        sha256 = announcement.sha256
        self.createdBy = createdBy
        self.createdAt = createdAt
        status = Status(
            state: .awaitingUpload, progress: 0, durationSeconds: nil, width: nil, height: nil, failure: nil,
            renditions: [], isPlayable: false, hasPoster: false, hasThumbnails: false, updatedAt: createdAt)
        let version = version ?? Version(firstOf: id)
        place = version
        summary = ReviewSummary(approval: ApprovalOutcome(of: [], isLaterVersion: version.number > 1))
    }

    package mutating func rename(_ title: String, at time: Timestamp) {
        self.title = title
        status.updatedAt = time
    }

    /// The bytes are complete. False if that was known.
    package mutating func uploadCompleted(at time: Timestamp) -> Bool {
        guard state == .awaitingUpload else { return false }
        status.state = .processing
        status.updatedAt = time
        return true
    }

    /// What the packaging has reached. False if processing is over: then nothing changes.
    package mutating func advance(_ package: HLSPackage, progress: Double, at time: Timestamp) -> Bool {
        guard state == .processing else { return false }
        status.progress = max(status.progress, min(progress, 0.999))
        apply(package)
        status.updatedAt = time
        return true
    }

    package mutating func becomeReady(_ package: HLSPackage, at time: Timestamp) -> Bool {
        guard state == .processing else { return false }
        apply(package)
        status.durationSeconds = package.durationSeconds
        status.state = .ready
        status.progress = 1
        status.isPlayable = true
        status.updatedAt = time
        return true
    }

    package mutating func fail(_ failure: MediaFailure, at time: Timestamp) -> Bool {
        guard state == .processing else { return false }
        status.state = .failed
        status.failure = failure
        status.isPlayable = false
        status.updatedAt = time
        return true
    }

    private mutating func apply(_ package: HLSPackage) {
        status.durationSeconds = package.properties.durationSeconds
        status.width = package.properties.width
        status.height = package.properties.height
        status.renditions = package.renditions
        status.isPlayable = package.isPlayable
        status.hasPoster = package.hasPoster
        status.hasThumbnails = package.thumbnails != nil
    }
}

/// One quality that a player can choose.
package struct Rendition: Sendable, Codable, Equatable {
    package let name: String
    package let width: Int
    package let height: Int
    /// Peak bits per second, audio included.
    package let bandwidth: Int
    /// RFC 6381 list.
    package let codecs: String
}

/// What an uploader tells before the first byte.
package struct VideoAnnouncement: Sendable, Equatable {
    package let title: String
    package let filename: String
    package let bytes: Int64
    package let contentType: String
    package let sha256: String?

    package init(title: String, filename: String, bytes: Int64, contentType: String, sha256: String?) {
        self.title = title
        self.filename = filename
        self.bytes = bytes
        self.contentType = contentType
        self.sha256 = sha256
    }
}
