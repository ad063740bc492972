import Glibc
package import Kernel

extension FileObjectStore: MultipartStore {
    private static let maximumParts = 10_000
    private static let maximumFields = 20

    package func begin(_ upload: MultipartUpload) async throws {
        let key = try Self.validated(upload)
        try await pool.run {
            if try self.finished(upload, key) != nil { return }
            try self.requireSpace(for: upload.bytes)
            try UploadFolder.begin(upload, in: self.uploads, staging: self.staging, pool: self.pool)
        }
    }

    package func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        _ = try Self.validated(upload)
        guard (1...upload.partCount).contains(number) else {
            throw Failure.invalid("number", "out_of_range", "The parts are 1 to \(upload.partCount).")
        }
        let ticket = URLSigner.Ticket(upload: upload.id, number: number, expiry: expiry.unixSeconds)
        let url = signer.url(
            ticket, length: upload.length(ofPart: number), contentType: upload.contentType)
        let headers = upload.contentType.isEmpty ? [:] : ["Content-Type": upload.contentType]
        return SignedURL(url: url, headers: headers)
    }

    package func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        _ = try Self.validated(upload)
        return try await pool.run { try self.open(upload)?.parts() ?? [] }
    }

    package func complete(
        _ upload: MultipartUpload, parts: [UploadedPart.Reference]
    ) async throws -> ObjectStat {
        let key = try Self.validated(upload)
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

    /// The object's key, if the upload is one that can be.
    private static func validated(_ upload: MultipartUpload) throws(Failure) -> ObjectKey {
        guard ObjectKey.isComponent(upload.id) else {
            throw .invalid("id", "invalid", "An upload's id is 1 to 200 of A-Z a-z 0-9 . _ -.")
        }
        guard upload.bytes >= 0, upload.partBytes > 0,
            (upload.bytes - 1) / upload.partBytes < Int64(maximumParts)
        else {
            throw .invalid("bytes", "out_of_range", "An upload has 1 to \(maximumParts) parts.")
        }
        try require(contentType: upload.contentType)
        return try ObjectKey(upload.key)
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
        let problems = Self.problems(of: parts, with: references, in: upload)
        guard let folder, problems.isEmpty else {
            if let stat = try finished(upload, key) { return stat }
            let detail = "Parts are missing or differ from those that were named."
            throw Failure(.conflict, "upload_incomplete", detail, fields: problems)
        }
        guard isAlone else { return nil }
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

    /// What keeps the upload from completion, at most `maximumFields` of it.
    private static func problems(
        of parts: [UploadedPart], with references: [UploadedPart.Reference], in upload: MultipartUpload
    ) -> [Failure.Field] {
        let stored = Dictionary(parts.map { ($0.number, $0.etag) }, uniquingKeysWith: { first, _ in first })
        let named = Dictionary(grouping: references, by: \.number)
        let expected = (1...upload.partCount).lazy.compactMap { number -> Failure.Field? in
            let field = "parts.\(number)"
            guard let etag = stored[number] else {
                return .init(field, "missing", "Part \(number) is missing.")
            }
            guard let references = named[number] else {
                return .init(field, "not_named", "Part \(number) was not named.")
            }
            guard references.allSatisfy({ $0.etag == etag }) else {
                return .init(field, "different", "Part \(number) has other bytes than were named.")
            }
            return nil
        }
        let surplus = references.lazy.filter { $0.number < 1 || $0.number > upload.partCount }.map {
            Failure.Field("parts.\($0.number)", "unknown", "There is no part \($0.number).")
        }
        let problems = Array(expected.prefix(maximumFields)) + surplus.prefix(maximumFields)
        return Array(problems.prefix(maximumFields))
    }
}
