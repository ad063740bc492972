package import Kernel

extension VideoLibrary {
    /// An upload as its client sees it.
    package struct UploadView: Sendable {
        package let upload: Upload
        package let received: [UploadedPart]
        /// URLs of parts that are missing, at most a hundred.
        package let parts: [PartOffer]
    }

    package struct PartOffer: Sendable {
        package let number: Int
        package let url: SignedURL
    }

    package struct Announced: Sendable {
        package let video: Video
        package let upload: UploadView
    }

    private struct Created: Codable, Sendable {
        let video: Video
        let upload: Upload
    }

    /// Accepts an announcement within the quotas, before a byte is sent. `too_large`, `quota_exceeded`. A later version
    /// of a video is for those who may edit that one: `not_found`, `forbidden`, `too_many_versions`.
    package func announce(
        _ announcement: VideoAnnouncement, versionOf earlier: VideoID? = nil, by caller: Caller,
        _ once: OnceKey?
    ) async throws -> Announced {
        try caller.require(.uploadVideo)
        let announcement = try announcement.validated(maximumBytes: limits.maximumBytes)
        let time = now()
        let id = VideoID()
        let upload = Upload(
            id: UploadID(), video: id, bytes: announcement.bytes,
            partBytes: partBytes(for: announcement.bytes),
            contentType: announcement.contentType, createdBy: caller.user, createdAt: time,
            expiresAt: time + limits.uploadLifetime)
        let created = try await store.write(WriteContext(caller, once: once)) { writer in
            let version = try earlier.map { try Self.nextVersion(of: $0, by: caller, writer) }
            let video = Video(
                id: id, announcement: announcement, createdBy: caller.user, createdAt: time, version: version)
            try reserve(video.bytes, writer)
            try writer.save(video)
            try writer.save(upload)
            return Created(video: video, upload: upload)
        }
        let live = try await store.read(caller.tenant) { try $0.upload(created.upload.id) }
        // A repeated request may come when the upload is complete or gone: then there is nothing to send.
        guard let live, live.state == .open, let begun = try await begun(live, by: caller) else {
            let view = UploadView(upload: created.upload, received: [], parts: [])
            return Announced(video: created.video, upload: view)
        }
        return Announced(video: created.video, upload: try view(begun, received: [], caller))
    }

    /// The upload with its store's handle, which is kept as soon as there is one; nil if it was removed meanwhile.
    ///
    /// A crash between the two leaves an upload at the store that nobody knows. It goes when the store's own rule
    /// for old ones comes to it, or with the video if no other was begun.
    private func begun(_ upload: Upload, by caller: Caller) async throws -> Upload? {
        guard upload.storeHandle == nil else { return upload }
        var begun = upload.multipart(in: caller.tenant)
        let handle = try await parts.begin(begun)
        begun.handle = handle
        let kept = try await store.write(WriteContext(caller, once: nil)) { writer -> Upload? in
            guard var upload = try writer.upload(upload.id) else { return nil }
            guard upload.begun(as: handle) == handle else { return upload }
            try writer.save(upload)
            return upload
        }
        // It was removed meanwhile, or another request was faster: nothing of ours may stay open.
        if kept?.storeHandle != handle { try await parts.abort(begun) }
        return kept
    }

    /// Larger parts where the usual ones would be too many.
    private func partBytes(for bytes: Int64) -> Int64 {
        let unit: Int64 = 1 << 20
        let least = (bytes + Int64(limits.maximumParts) - 1) / Int64(limits.maximumParts)
        return max(limits.partBytes, (least + unit - 1) / unit * unit)
    }

    private func reserve(_ bytes: Int64, _ writer: any VideoWriter) throws {
        var usage = try writer.usage()
        guard usage.bytes + bytes <= limits.tenantBytes else {
            throw Failure(
                .forbidden, "quota_exceeded", "Your team's storage is full; delete something first.")
        }
        guard usage.openUploads < limits.maximumOpenUploads else {
            throw Failure(
                .limited, "too_many_uploads", "Too many uploads are open; finish or cancel some first.")
        }
        usage.bytes += bytes
        usage.openUploads += 1
        try writer.save(usage)
    }

    package func upload(_ id: UploadID, _ caller: Caller) async throws -> UploadView {
        let upload = try await openUpload(id, caller)
        guard upload.state == .open else { return UploadView(upload: upload, received: [], parts: []) }
        guard var open = try await begun(upload, by: caller) else { throw Failure.notFound("upload") }
        let multipart = open.multipart(in: caller.tenant)
        let received = try await parts.parts(of: multipart)
        // A completion that died behind the object store leaves no parts to send: who looks brings it to its end.
        if received.isEmpty, try await objects.stat(multipart.key)?.bytes == open.bytes {
            _ = try await settle(open, by: caller, nil)
            open.complete()
            return UploadView(upload: open, received: [], parts: [])
        }
        return try view(open, received: received, caller)
    }

    /// URLs for the given parts. `invalid_request` for numbers that the upload does not have.
    package func partURLs(_ id: UploadID, numbers: [Int], _ caller: Caller) async throws -> [PartOffer] {
        let found = try await openUpload(id, caller)
        try found.requireOpen(at: now())
        guard let upload = try await begun(found, by: caller) else { throw Failure.notFound("upload") }
        let multipart = upload.multipart(in: caller.tenant)
        guard numbers.count <= Self.partsPerAnswer, numbers.allSatisfy((1...multipart.partCount).contains)
        else {
            throw Failure.invalid(
                "numbers", "out_of_range",
                "At most \(Self.partsPerAnswer) numbers between 1 and \(multipart.partCount).")
        }
        return try numbers.map { try offer($0, multipart, upload) }
    }

    /// Makes the video out of the parts; again after success is harmless. `upload_incomplete` says what is missing.
    package func complete(
        _ id: UploadID, parts references: [UploadedPart.Reference], by caller: Caller, _ once: OnceKey?
    ) async throws -> Video {
        let upload = try await openUpload(id, caller)
        if upload.state != .completed {
            try upload.requireOpen(at: now())
            let stat = try await parts.complete(upload.multipart(in: caller.tenant), parts: references)
            guard stat.bytes == upload.bytes else {
                throw Failure.conflict(
                    "part_mismatch", "The stored file has another size than was announced.")
            }
        }
        do {
            return try await settle(upload, by: caller, once)
        } catch let failure as Failure where failure.kind == .notFound {
            // Deleted meanwhile, and perhaps cleaned up before the parts had become an object.
            try await objects.delete(prefix: VideoObjects(tenant: caller.tenant, video: upload.video).prefix)
            throw failure
        }
    }

    private func settle(_ completed: Upload, by caller: Caller, _ once: OnceKey?) async throws -> Video {
        let time = now()
        return try await store.write(WriteContext(caller, once: once)) { writer in
            var video = try Self.found(try writer.video(completed.video))
            // Read again: another request may have completed it meanwhile.
            guard var upload = try writer.upload(completed.id) else { throw Failure.notFound("upload") }
            guard upload.state == .open else { return video }
            upload.complete()
            _ = video.uploadCompleted(at: time)
            try writer.save(upload)
            try writer.save(video)
            var usage = try writer.usage()
            usage.openUploads -= 1
            try writer.save(usage)
            try writer.publish(
                VideoUploaded(
                    video: video.id, title: video.title, bytes: video.bytes, uploadedBy: video.createdBy),
                key: video.id.description)
            guard video.version.number > 1 else { return video }
            return try Self.stacked(video, writer)
        }
    }

    private static func stacked(_ video: Video, _ writer: any VideoWriter) throws -> Video {
        try settleLatest(of: video.version.stack, writer)
        let version = video.version
        try writer.publish(
            VideoVersioned(video: video.id, stack: version.stack, number: version.number),
            key: video.id.description)
        return try found(try writer.video(video.id))
    }

    /// Forgets an upload and its video. `upload_completed` if it is too late; `not_found` again, but with a once-key.
    package func abandon(_ id: UploadID, by caller: Caller, _ once: OnceKey?) async throws {
        try caller.require(.uploadVideo)
        try await end(id, WriteContext(caller, once: once), by: caller.user) { Self.may(caller, touch: $0) }
    }

    /// Cleans up one upload that nobody finished in time.
    package func expire(_ reference: UploadReference) async throws {
        let upload = try await store.read(reference.tenant) { try $0.upload(reference.upload) }
        guard let upload, upload.state == .open, upload.expiresAt <= now() else { return }
        try await end(upload.id, WriteContext(tenant: reference.tenant), by: nil) { _ in true }
    }

    /// Uploads that `expire` should be called for.
    package func expiredUploads(limit: Int) async throws -> [UploadReference] {
        try await store.expiredUploads(before: now(), limit: limit)
    }

    /// Its parts follow by the event.
    private func end(
        _ id: UploadID, _ context: WriteContext, by user: UserID?,
        where isAllowed: @escaping @Sendable (Upload) -> Bool
    ) async throws {
        _ = try await store.write(context) { writer in
            guard let upload = try writer.upload(id), isAllowed(upload) else {
                throw Failure.notFound("upload")
            }
            guard upload.state == .open else {
                throw Failure.conflict(
                    "upload_completed", "This upload is complete; delete the video instead.")
            }
            if let video = try writer.video(upload.video) {
                try Self.remove(video, in: context.tenant, by: user, writer)
            }
            return true
        }
    }

    private static func may(_ caller: Caller, touch upload: Upload) -> Bool {
        upload.createdBy == caller.user || caller.allows(.editAnyVideo)
    }

    private func openUpload(_ id: UploadID, _ caller: Caller) async throws -> Upload {
        try caller.require(.uploadVideo)
        let upload = try await store.read(caller.tenant) { try $0.upload(id) }
        guard let upload, Self.may(caller, touch: upload) else {
            throw Failure.notFound("upload")
        }
        return upload
    }

    private func view(_ upload: Upload, received: [UploadedPart], _ caller: Caller) throws -> UploadView {
        let multipart = upload.multipart(in: caller.tenant)
        let known = Set(received.map(\.number))
        let missing = (1...multipart.partCount).lazy.filter { !known.contains($0) }.prefix(
            Self.partsPerAnswer)
        return UploadView(
            upload: upload, received: received, parts: try missing.map { try offer($0, multipart, upload) })
    }

    private func offer(_ number: Int, _ multipart: MultipartUpload, _ upload: Upload) throws -> PartOffer {
        PartOffer(
            number: number, url: try parts.partURL(multipart, number: number, expiry: partExpiry(of: upload)))
    }

    /// On a grid of half lifetimes, so that a repeated request gets the same addresses.
    private func partExpiry(of upload: Upload) -> Timestamp {
        let step = max(1, limits.partURLLifetime.inMilliseconds / 2)
        let passed = (now() - upload.createdAt).inMilliseconds / step
        return min(upload.expiresAt, upload.createdAt + .milliseconds((passed + 2) * step))
    }
}
