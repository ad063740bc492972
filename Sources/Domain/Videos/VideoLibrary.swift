package import Kernel

/// Uploading, listing, changing and deleting videos.
package struct VideoLibrary: Sendable {
    package struct Limits: Sendable {
        package var partBytes: Int64
        package var maximumParts: Int
        package var maximumBytes: Int64
        package var tenantBytes: Int64
        package var uploadLifetime: Duration
        package var partURLLifetime: Duration
        package var maximumOpenUploads: Int

        package init(
            partBytes: Int64, maximumParts: Int, maximumBytes: Int64, tenantBytes: Int64,
            uploadLifetime: Duration, partURLLifetime: Duration, maximumOpenUploads: Int
        ) {
            self.partBytes = partBytes
            self.maximumParts = maximumParts
            self.maximumBytes = maximumBytes
            self.tenantBytes = tenantBytes
            self.uploadLifetime = uploadLifetime
            self.partURLLifetime = partURLLifetime
            self.maximumOpenUploads = maximumOpenUploads
        }
    }

    /// URLs given in one answer; more by `partURLs`.
    static let partsPerAnswer = 100

    let store: any VideoStore
    let parts: any MultipartStore
    let objects: any ObjectStore
    let limits: Limits
    let now: @Sendable () -> Timestamp

    package init(
        store: any VideoStore, parts: any MultipartStore, objects: any ObjectStore, limits: Limits,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.parts = parts
        self.objects = objects
        self.limits = limits
        self.now = now
    }

    /// With `latest`, the newest version of each film alone.
    package func videos(
        _ caller: Caller, _ page: PageRequest, state: Video.State?, latest: Bool = false
    ) async throws -> Page<Video> {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { try $0.videos(page, state: state, latest: latest) }
    }

    package func video(_ id: VideoID, _ caller: Caller) async throws -> Video {
        try caller.require(.readVideo)
        return try await store.read(caller.tenant) { try Self.found(try $0.video(id)) }
    }

    package func rename(
        _ id: VideoID, to title: String, by caller: Caller, _ once: OnceKey?
    ) async throws -> Video {
        let title = try VideoAnnouncement.validated(title: title)
        let time = now()
        return try await store.write(WriteContext(caller, once: once)) { writer in
            var video = try Self.editable(id, by: caller, writer)
            video.rename(title, at: time)
            try writer.save(video)
            try writer.publish(VideoRenamed(video: id, title: title), key: id.description)
            return video
        }
    }

    /// Removes the video at once; its objects and jobs follow by the event.
    package func delete(_ id: VideoID, by caller: Caller, _ once: OnceKey?) async throws {
        _ = try await store.write(WriteContext(caller, once: once)) { writer in
            let video = try Self.editable(id, by: caller, writer)
            try Self.remove(video, in: caller.tenant, by: caller.user, writer)
            return true
        }
    }

    static func remove(
        _ video: Video, in tenant: TenantID, by user: UserID?, _ writer: any VideoWriter
    ) throws {
        let open = try writer.uploads(of: video.id).filter { $0.state == .open }
        var usage = try writer.usage()
        usage.bytes -= video.bytes
        usage.openUploads -= open.count
        try writer.save(usage)
        try writer.remove(video.id)
        try settleLatest(of: video.version.stack, writer)
        try writer.publish(
            VideoDeleted(
                video: video.id, deletedBy: user, openUploads: open.map { $0.multipart(in: tenant) }),
            key: video.id.description)
    }

    static func found(_ video: Video?) throws(Failure) -> Video {
        guard let video else { throw .notFound("video") }
        return video
    }

    static func editable(_ id: VideoID, by caller: Caller, _ reader: any VideoReader) throws -> Video {
        let video = try found(try reader.video(id))
        try caller.require(video.createdBy == caller.user ? .editOwnVideo : .editAnyVideo)
        return video
    }
}
