package import Kernel

/// Videos and their uploads. Bodies run in one transaction and may be run again.
package protocol VideoStore: Sendable {
    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any VideoReader) throws -> Value
    ) async throws -> Value

    /// As `WriteContext` says: once, with its events, or not at all.
    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any VideoWriter) throws -> Value
    ) async throws -> Value

    /// Open uploads of any tenant that expired before `time`, oldest first.
    func expiredUploads(before time: Timestamp, limit: Int) async throws -> [UploadReference]
}

package struct UploadReference: Sendable, Equatable {
    package let tenant: TenantID
    package let upload: UploadID

    package init(tenant: TenantID, upload: UploadID) {
        self.tenant = tenant
        self.upload = upload
    }
}

/// One tenant's videos, in one snapshot.
package protocol VideoReader {
    func video(_ id: VideoID) throws -> Video?
    /// In the page's order; of all states but `awaitingUpload` when `state` is nil.
    func videos(_ page: PageRequest, state: Video.State?) throws -> Page<Video>
    func upload(_ id: UploadID) throws -> Upload?
    func uploads(of video: VideoID) throws -> [Upload]
    func usage() throws -> VideoUsage
}

package protocol VideoWriter: VideoReader {
    /// Adds or replaces.
    func save(_ video: Video) throws
    /// Adds or replaces.
    func save(_ upload: Upload) throws
    /// Removes the video and its uploads.
    func remove(_ video: VideoID) throws
    func save(_ usage: VideoUsage) throws
    func publish(_ event: some EventPayload, key: String) throws
}

/// What a tenant has stored and announced.
package struct VideoUsage: Sendable, Equatable {
    package var bytes: Int64
    package var openUploads: Int

    package init(bytes: Int64, openUploads: Int) {
        self.bytes = bytes
        self.openUploads = openUploads
    }
}
