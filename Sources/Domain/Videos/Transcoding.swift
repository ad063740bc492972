package import Kernel

/// The work of one transcode job: from the stored source to a video that plays, resumable at every segment.
package struct Transcoding: Sendable {
    package static let jobKind = "transcode"

    package struct Settings: Sendable {
        package let limits: MediaLimits
        /// Folder for files in the making; each job has its own below it.
        package let scratch: String
        package let lease: Duration

        package init(limits: MediaLimits, scratch: String, lease: Duration) {
            self.limits = limits
            self.scratch = scratch
            self.lease = lease
        }
    }

    /// What crosses to the local disk: made by the composition root.
    package struct LocalFiles: Sendable {
        /// Makes an empty folder, removing what is there.
        package let makeEmptyDirectory: @Sendable (String) async throws -> Void
        /// Removes a folder with all that is in it; absent is fine.
        package let remove: @Sendable (String) async throws -> Void
        /// Names in a folder; none if it is absent.
        package let names: @Sendable (String) async throws -> [String]
        /// Lower-case hexadecimal SHA-256 of a file.
        package let sha256: @Sendable (String) async throws -> String

        package init(
            makeEmptyDirectory: @escaping @Sendable (String) async throws -> Void,
            remove: @escaping @Sendable (String) async throws -> Void,
            names: @escaping @Sendable (String) async throws -> [String],
            sha256: @escaping @Sendable (String) async throws -> String
        ) {
            self.makeEmptyDirectory = makeEmptyDirectory
            self.remove = remove
            self.names = names
            self.sha256 = sha256
        }
    }

    let store: any VideoStore
    let objects: any ObjectStore
    let engine: any MediaEngine
    let jobs: any JobQueue
    let notices: VideoNotices
    let files: LocalFiles
    let settings: Settings
    let now: @Sendable () -> Timestamp

    package init(
        store: any VideoStore, objects: any ObjectStore, engine: any MediaEngine, jobs: any JobQueue,
        notices: VideoNotices, files: LocalFiles, settings: Settings,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.store = store
        self.objects = objects
        self.engine = engine
        self.jobs = jobs
        self.notices = notices
        self.files = files
        self.settings = settings
        self.now = now
    }

    /// Payload of the job.
    package struct Order: Codable, Sendable {
        package let video: VideoID

        package init(video: VideoID) { self.video = video }
    }

    /// Does the job to its end, or as far as it gets. Source failures end the video as `failed` and the job as done;
    /// other errors are thrown, for the job to be tried again. Throws `CancellationError` when told to stop.
    package func perform(_ order: Order, _ job: LeasedJob, _ headway: Headway = Headway()) async throws {
        // Of this lease alone: a worker that lost the job and has not noticed must not touch it.
        let folder = settings.scratch + "/\(job.key)-\(job.lease.token)"
        do {
            try await removeLeftovers(of: job)
            try await files.makeEmptyDirectory(folder)
            try await transcode(order.video, job, in: folder, headway)
        } catch let failure as MediaFailure where !failure.isRetryable {
            try await requireLease(job)
            try await fail(order.video, in: job.tenant, failure)
        } catch {
            // The next lease and the next start remove what is left here; this only frees space early.
            try? await files.remove(folder)
            throw error
        }
        try await files.remove(folder)
    }

    /// What earlier leases of the job left when they were killed.
    private func removeLeftovers(of job: LeasedJob) async throws {
        for name in try await files.names(settings.scratch) where name.hasPrefix("\(job.key)-") {
            try await files.remove(settings.scratch + "/" + name)
        }
    }

    /// Ends the video as failed; nothing happens if processing was over.
    package func fail(_ id: VideoID, in tenant: TenantID, _ failure: MediaFailure) async throws {
        let time = now()
        _ = try await store.write(WriteContext(tenant: tenant)) { writer in
            guard var video = try writer.video(id), video.fail(failure, at: time) else { return false }
            try writer.save(video)
            try writer.publish(
                VideoFailed(
                    video: id, title: video.title, code: failure.code.rawValue, detail: failure.detail),
                key: id.description)
            return true
        }
        await notices.changed(id)
    }

    private func transcode(
        _ id: VideoID, _ job: LeasedJob, in folder: String, _ headway: Headway
    ) async throws {
        let video = try await store.read(job.tenant) { try $0.video(id) }
        let keys = VideoObjects(tenant: job.tenant, video: id)
        // Deleted: what a killed worker stored after the clean-up goes too.
        guard let video else { return try await objects.delete(prefix: keys.prefix) }
        guard video.state == .processing else { return }
        let source = folder + "/source"
        try await fetch(video, keys, to: source)
        let progress = TranscodeProgress(
            package: try await package(of: job, source: source, video: video), video: id, job: job,
            keys: keys, work: self, headway: headway)
        let output = folder + "/out"
        try await files.makeEmptyDirectory(output)
        let start = await progress.package
        let request = TranscodeRequest(
            source: source, directory: output, plan: start.plan, properties: start.properties,
            resumeAfterSegments: start.completeSegments, wantsStills: start.thumbnails == nil)
        let summary = try await engine.transcode(request) { try await progress.take($0) }
        try await finish(id, progress.finish(summary), keys, job)
    }

    /// Checks size and checksum before anything reads the content.
    private func fetch(_ video: Video, _ keys: VideoObjects, to path: String) async throws {
        guard let stat = try await objects.stat(keys.source) else {
            throw MediaFailure(.sourceMissing, "The uploaded file is no longer there.")
        }
        guard stat.bytes == video.bytes else {
            throw MediaFailure(.checksumMismatch, "The stored file has another size than was announced.")
        }
        try await objects.materialise(keys.source, at: path)
        guard let claimed = video.sha256 else { return }
        guard try await files.sha256(path) == claimed else {
            throw MediaFailure(
                .checksumMismatch, "The file arrived damaged: its checksum is not the announced one.")
        }
    }

    /// The checkpoint of an earlier run, or a fresh plan from a probe.
    private func package(of job: LeasedJob, source: String, video: Video) async throws -> HLSPackage {
        if let checkpoint = job.checkpoint {
            var package = try JSON.decode(HLSPackage.self, checkpoint)
            package.truncateToComplete()
            return package
        }
        let properties = try await engine.probe(source: source)
        return HLSPackage(
            properties: properties, plan: try Ladder.plan(for: properties, limits: settings.limits))
    }

    /// A worker that stood still may have lost the job: then another writes, and this one must not.
    private func requireLease(_ job: LeasedJob) async throws {
        let signal = try await jobs.heartbeat(job.lease, extend: settings.lease, checkpoint: nil)
        guard signal == .goOn else { throw CancellationError() }
    }

    /// Writes the final playlists, then makes the video ready in one transaction.
    private func finish(_ id: VideoID, _ package: HLSPackage, _ keys: VideoObjects, _ job: LeasedJob)
        async throws
    {
        try await requireLease(job)
        if let cues = package.thumbnailCues {
            try await put(cues, keys.playback("thumbnails.vtt"), type: "text/vtt")
        }
        for track in package.trackNames { try await putPlaylist(package, track, keys) }
        try await putMaster(package, keys)
        let time = now()
        let isReady = try await store.write(WriteContext(tenant: job.tenant)) { writer in
            guard var video = try writer.video(id), video.becomeReady(package, at: time) else { return false }
            try writer.save(video)
            try writer.publish(
                VideoReady(
                    video: id, title: video.title, durationSeconds: package.durationSeconds,
                    renditions: package.renditions.map(\.name)),
                key: id.description)
            return true
        }
        // Deleted while it was encoded: what was written since the clean-up goes too.
        if !isReady, try await store.read(job.tenant, { try $0.video(id) }) == nil {
            try await objects.delete(prefix: keys.prefix)
        }
        await notices.changed(id)
    }

    func putPlaylist(_ package: HLSPackage, _ track: String, _ keys: VideoObjects) async throws {
        try await put(
            package.mediaPlaylist(track), keys.playback("\(track)/index.m3u8"), type: HLSContentType.playlist)
    }

    func putMaster(_ package: HLSPackage, _ keys: VideoObjects) async throws {
        try await put(package.masterPlaylist, keys.playback("master.m3u8"), type: HLSContentType.playlist)
    }

    private func put(_ text: String, _ key: String, type: String) async throws {
        let bytes = Array(text.utf8)
        _ = try await objects.put(
            key, body: OneBuffer(bytes: bytes), length: Int64(bytes.count), contentType: type)
    }
}

/// Content types of a package's files.
package enum HLSContentType {
    package static let playlist = "application/vnd.apple.mpegurl"
    package static let segment = "video/iso.segment"
    package static let initialisation = "video/mp4"
}
