package import Kernel

package enum UploadSubject {}
package typealias UploadID = Identifier<UploadSubject>

/// The way of a video's bytes into the object store, in parts.
package struct Upload: Sendable, Codable, Equatable {
    package enum State: String, Sendable, Codable {
        case open, completed
    }

    package let id: UploadID
    package let video: VideoID
    package let bytes: Int64
    package let partBytes: Int64
    package let contentType: String
    package let createdBy: UserID
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package private(set) var state: State
    /// What the object store calls it; nil until it was begun there.
    package private(set) var storeHandle: String?

    package init(
        id: UploadID, video: VideoID, bytes: Int64, partBytes: Int64, contentType: String, createdBy: UserID,
        createdAt: Timestamp, expiresAt: Timestamp, state: State = .open, storeHandle: String? = nil
    ) {
        self.id = id
        self.video = video
        self.bytes = bytes
        self.partBytes = partBytes
        self.contentType = contentType
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.state = state
        self.storeHandle = storeHandle
    }

    /// Throws unless parts may still be sent.
    package func requireOpen(at time: Timestamp) throws(Failure) {
        switch state {
        case .open where time < expiresAt: return
        case .open: throw .conflict("upload_expired", "This upload was left for too long; start it anew.")
        case .completed: throw .conflict("upload_completed", "This upload is complete.")
        }
    }

    package mutating func complete() { state = .completed }

    /// Keeps the handle that came first and answers it.
    package mutating func begun(as handle: String) -> String {
        if let storeHandle { return storeHandle }
        storeHandle = handle
        return handle
    }

    /// The upload as the object store knows it.
    package func multipart(in tenant: TenantID) -> MultipartUpload {
        MultipartUpload(
            key: VideoObjects(tenant: tenant, video: video).source, id: id.description, bytes: bytes,
            partBytes: partBytes, contentType: contentType, handle: storeHandle)
    }
}

/// Where a video's objects lie.
package struct VideoObjects: Sendable {
    package let prefix: String

    package init(tenant: TenantID, video: VideoID) { prefix = "videos/\(tenant)/\(video)/" }

    package var source: String { prefix + "source" }

    /// A file of the package that players read.
    package func playback(_ path: String) -> String { prefix + "hls/" + path }
}
