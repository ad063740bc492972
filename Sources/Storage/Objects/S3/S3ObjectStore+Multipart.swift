package import Kernel
import Synchronization

extension S3ObjectStore: MultipartStore {
    /// A crash before the answer is kept leaves an upload that only `abort` without a handle finds, or the bucket's
    /// rule for unfinished uploads (`S3Bucket.prepare`).
    package func begin(_ upload: MultipartUpload) async throws -> String {
        let key = try validated(upload)
        guard upload.partCount == 1 || upload.partBytes >= settings.minimumPartBytes else {
            throw Failure.invalid(
                "partBytes", "too_small", "A part has at least \(settings.minimumPartBytes) bytes here.")
        }
        if let handle = upload.handle { return handle }
        return try await client.beginParts(of: upload, key: key)
    }

    /// The length is signed, so nobody can send more than was announced.
    package func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        let key = try validated(upload)
        try upload.require(partNumber: number)
        guard let handle = upload.handle else {
            throw Failure.conflict("upload_incomplete", "The upload has not begun at the object store.")
        }
        let headers = [("content-length", String(upload.length(ofPart: number)))]
        let url = try presigned(
            "PUT", key, query: S3Client.query(ofPart: number, handle), headers: headers, expiry: expiry)
        return SignedURL(url: url, headers: ["Content-Length": String(upload.length(ofPart: number))])
    }

    package func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        let key = try validated(upload)
        guard let handle = upload.handle else { return [] }
        return Self.fitting(try await client.parts(of: key, handle) ?? [], upload)
    }

    /// Those that have the length they should.
    private static func fitting(_ parts: [UploadedPart], _ upload: MultipartUpload) -> [UploadedPart] {
        parts.filter { part in
            (1...upload.partCount).contains(part.number) && part.bytes == upload.length(ofPart: part.number)
        }
    }

    package func complete(
        _ upload: MultipartUpload, parts references: [UploadedPart.Reference]
    ) async throws -> ObjectStat {
        let key = try validated(upload)
        // In this process one after the other: the second finds what the first has made.
        while !completing.withLock({ $0.insert(upload.id).inserted }) {
            try await client.pause(afterAttempt: 1)
        }
        defer { completing.withLock { _ = $0.remove(upload.id) } }
        guard let handle = upload.handle, let listed = try await client.parts(of: key, handle) else {
            // Not open: because it is complete, or about to be, or because it never was or was aborted.
            let etag = Self.etag(of: references.map(\.etag))
            let looks = upload.handle == nil ? 1 : Self.looks
            if let stat = try await finished(upload, key, etag: etag, looks: looks) { return stat }
            try upload.requireComplete([], named: references)
            throw Failure.notFound("upload")
        }
        let parts = Self.fitting(listed, upload)
        do {
            try upload.requireComplete(parts, named: references)
        } catch {
            // Some stores show an upload without its parts while another's completion puts them together.
            let looks = listed.isEmpty ? Self.looks : 1
            let etag = Self.etag(of: references.map(\.etag))
            if let stat = try await finished(upload, key, etag: etag, looks: looks) { return stat }
            throw error
        }
        return try await finish(upload, key, handle, parts)
    }

    /// Looks for an object that a completion in another process is about to make: some seconds.
    private static let looks = 12

    /// Makes the object, and looks at it. Whoever completes at the same time gets the same answer.
    func finish(
        _ upload: MultipartUpload, _ key: String, _ handle: String, _ parts: [UploadedPart]
    ) async throws(Failure) -> ObjectStat {
        let etag = Self.etag(of: parts.map(\.etag))
        var problem: Failure?
        for attempt in 1...client.attempts {
            do {
                try await client.completeParts(of: key, handle, parts)
                problem = nil
            } catch { problem = error }
            let looks = problem.map(Self.mayBeOvertaken) ?? true ? Self.looks : 1
            if let stat = try await finished(upload, key, etag: etag, looks: looks) { return stat }
            // An error within a success is not repeated by the client, other passing ones were.
            guard problem?.answered?.isTransient == true, attempt < client.attempts else { break }
            try await client.pause(afterAttempt: attempt)
        }
        if problem?.answered?.isAbsent == true { try upload.requireComplete([], named: []) }
        throw problem ?? .unavailable("The object store", cause: ObjectHeaders.Incomplete())
    }

    private static func mayBeOvertaken(_ failure: Failure) -> Bool {
        guard let answer = failure.answered else { return false }
        return answer.isAbsent || ["InvalidPart", "InvalidRequest"].contains(answer.code)
    }

    private func finished(
        _ upload: MultipartUpload, _ key: String, etag: String?, looks: Int
    ) async throws(Failure) -> ObjectStat? {
        for look in 1...looks {
            if let stat = try await finished(upload, key, etag: etag) { return stat }
            if look < looks { try await client.pause(afterAttempt: look) }
        }
        return nil
    }

    /// What the upload became, if it did: an object that bears its id, or the ETag that these parts make.
    /// `part_mismatch` if it has another length.
    private func finished(
        _ upload: MultipartUpload, _ key: String, etag: String?
    ) async throws(Failure) -> ObjectStat? {
        guard let headers = try await headers(of: key),
            headers.upload == upload.id || (etag != nil && headers.stat.etag == etag)
        else { return nil }
        guard headers.stat.bytes == upload.bytes else {
            throw .partMismatch("The stored object has \(headers.stat.bytes) of \(upload.bytes) bytes.")
        }
        return headers.stat
    }

    /// Of an object out of parts with these ETags; nil if they are no hashes.
    private static func etag(of parts: [String]) -> String? {
        var digest = PartedDigest.Outer()
        for part in parts {
            guard digest.add(part) else { return nil }
        }
        return parts.isEmpty ? nil : digest.etag
    }

    package func abort(_ upload: MultipartUpload) async throws {
        let key = try validated(upload)
        if let handle = upload.handle {
            try await client.abortParts(of: key, handle)
        } else {
            try await client.abortAll(of: key)
        }
    }

    private func validated(_ upload: MultipartUpload) throws(Failure) -> String {
        try Self.require(contentType: upload.contentType)
        return stored(try upload.validated().text)
    }
}
