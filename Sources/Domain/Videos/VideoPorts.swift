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
    /// In the page's order; of all states but `awaitingUpload` when `state` is nil; with `latest` one of each stack.
    func videos(_ page: PageRequest, state: Video.State?, latest: Bool) throws -> Page<Video>
    /// All of a stack, newest version first, those that await their upload too.
    func versions(of stack: VideoID) throws -> [Video]
    func upload(_ id: UploadID) throws -> Upload?
    func uploads(of video: VideoID) throws -> [Upload]
    func usage() throws -> VideoUsage
}

extension VideoReader {
    package func videos(_ page: PageRequest, state: Video.State?) throws -> Page<Video> {
        try videos(page, state: state, latest: false)
    }
}

package protocol VideoWriter: VideoReader {
    /// Adds or replaces; `review` of one that is there stays, which the `ReviewStore` keeps.
    func save(_ video: Video) throws
    /// Adds or replaces.
    func save(_ upload: Upload) throws
    /// Removes the video, its uploads, approvals and links. Comments, which may be many, stay for `VideoReactions`.
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
