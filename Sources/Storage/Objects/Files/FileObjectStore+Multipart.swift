import Glibc
package import Kernel

extension FileObjectStore: MultipartStore {
    /// The handle is the upload's id, so an upload without one is known all the same. `upload_differs` if another
    /// upload has the id.
    package func begin(_ upload: MultipartUpload) async throws -> String {
        let (upload, key) = try Self.validated(upload)
        try await pool.run {
            if try self.finished(upload, key) != nil { return }
            try self.requireSpace(for: upload.bytes)
            try UploadFolder.begin(upload, in: self.uploads, staging: self.staging, pool: self.pool)
        }
        return upload.id
    }

    package func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        _ = try Self.validated(upload)
        try upload.require(partNumber: number)
        let ticket = URLSigner.Ticket(upload: upload.id, number: number, expiry: expiry.unixSeconds)
        let url = signer.url(
            ticket, length: upload.length(ofPart: number), contentType: upload.contentType)
        let headers = upload.contentType.isEmpty ? [:] : ["Content-Type": upload.contentType]
        return SignedURL(url: url, headers: headers)
    }

    package func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        let (upload, _) = try Self.validated(upload)
        return try await pool.run { try self.open(upload)?.parts() ?? [] }
    }

    package func complete(
        _ upload: MultipartUpload, parts: [UploadedPart.Reference]
    ) async throws -> ObjectStat {
        let (upload, key) = try Self.validated(upload)
        // A completion elsewhere, or a part that is about to end, is over soon.
        for _ in 0..<100 {
            if let stat = try await pool.run({ try self.completeNow(upload, key, parts) }) { return stat }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { throw Failure.wrapping(error) }
        }
        throw PartClaim.busy
    }

    package func abort(_ upload: MultipartUpload) async throws {
        _ = try Self.validated(upload)
        try await pool.run { try UploadFolder.remove(id: upload.id, in: self.uploads, staging: self.staging) }
    }

    /// The upload as it is on disk, where it has no handle, and its key.
    private static func validated(_ upload: MultipartUpload) throws(Failure) -> (MultipartUpload, ObjectKey) {
        let key = try upload.validated()
        try require(contentType: upload.contentType)
        var upload = upload
        upload.handle = nil
        return (upload, key)
    }

    /// The upload's folder while it is open. `upload_differs` if the id stands for another upload.
    private func open(_ upload: MultipartUpload) throws -> UploadFolder? {
        guard let folder = try UploadFolder(id: upload.id, in: uploads) else { return nil }
        guard folder.upload == upload else {
            throw Failure.conflict("upload_differs", "Another upload has this id.")
        }
        return folder
    }

    /// What the upload became, if it was completed; then also removes what a crash after that left.
    private func finished(_ upload: MultipartUpload, _ key: ObjectKey) throws -> ObjectStat? {
        guard let record = try tree.intactRecord(of: key), record.upload == upload.id else { return nil }
        try UploadFolder.remove(id: upload.id, in: uploads, staging: staging)
        return record.stat
    }

    /// Nil if somebody else holds the upload.
    ///
    /// The bytes become the object by a second name and lose the first only after the record is durable; so
    /// at every point between, starting over finds either the object or the upload whole.
    private func completeNow(
        _ upload: MultipartUpload, _ key: ObjectKey, _ references: [UploadedPart.Reference]
    ) throws -> ObjectStat? {
        let folder = try open(upload)
        let isAlone = try folder?.lock(.exclusive) ?? false
        // After the lock: whoever held it before may have completed it.
        if let stat = try finished(upload, key) { return stat }
        let parts = try folder?.parts() ?? []
        do {
            try upload.requireComplete(parts, named: references)
        } catch {
            if let stat = try finished(upload, key) { return stat }
            throw error
        }
        guard let folder, isAlone else { return nil }
        let etag = try folder.seal(parts)
        let stat = ObjectStat(
            bytes: upload.bytes, etag: etag, contentType: upload.contentType, modified: now())
        try tree.commit(key, stat, upload: upload.id) { place, name in
            try place.remove(name)
            try folder.folder.link(UploadFolder.bytesName, to: place, as: name)
        }
        try UploadFolder.remove(id: upload.id, in: uploads, staging: staging)
        return stat
    }
}
