package import Kernel
import Logging
import NIOCore
import NIOHTTP1

extension S3ObjectStore {
    /// Bodies up to here take too little memory to be counted.
    private static let smallBody: Int64 = 64 << 10

    package func put(
        _ key: String, body: ObjectBody, length: Int64, contentType: String
    ) async throws -> ObjectStat {
        let key = stored(try ObjectKey(key).text)
        try Self.require(contentType: contentType)
        guard length >= 0 else { throw Failure.partMismatch("A length is not negative.") }
        let permit = length > Self.smallBody ? try writers.take() : nil
        defer { withExtendedLifetime(permit) {} }
        if length > settings.partBytes {
            return try await putParts(key, contentType, bytes: length) { (write) async throws(Failure) in
                try await self.send(body, to: write)
            }
        }
        let bytes = try await PartBuffer.whole(body, length: length)
        return try await putWhole(
            key, contentType, .bytes(bytes, PayloadDigest(of: bytes)), bytes: length)
    }

    package func put(_ key: String, movingFile path: String, contentType: String) async throws -> ObjectStat {
        let key = stored(try ObjectKey(key).text)
        try Self.require(contentType: contentType)
        let file = try await LocalFile.reading(path, on: threads)
        let length = try await file.size()
        let stat: ObjectStat
        if length > settings.partBytes {
            stat = try await putParts(key, contentType, bytes: length) { (write) async throws(Failure) in
                try await self.send(file, to: write)
            }
        } else {
            let digest = try await file.digest(of: 0..<length)
            stat = try await putWhole(key, contentType, .file(file, 0..<length, digest), bytes: length)
        }
        // The object is there; a source that stays behind is its owner's to remove.
        try? await file.remove()
        return stat
    }

    /// A header's value: printable, and not too long.
    static func require(contentType: String) throws(Failure) {
        guard contentType.utf8.count <= 255, contentType.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw .invalid("contentType", "invalid", "A content type has at most 255 printable characters.")
        }
    }

    private func putWhole(
        _ key: String, _ contentType: String, _ body: S3Request.Body, bytes: Int64
    ) async throws(Failure) -> ObjectStat {
        var request = S3Request(method: .PUT, key: key)
        if !contentType.isEmpty { request.headers = [("Content-Type", contentType)] }
        request.body = body
        let headers = try await client.call(request).headers
        guard let etag = headers.first(name: "ETag") else {
            throw .unavailable("The object store", cause: ObjectHeaders.Incomplete())
        }
        let time = headers.first(name: "Date").flatMap(Timestamp.init(http:))
        return ObjectStat(
            bytes: bytes, etag: ObjectHeaders.unquoted(etag), contentType: contentType,
            modified: time ?? now())
    }

    /// Writes an object by an upload of its own, which becomes the object at the end or is forgotten.
    private func putParts(
        _ key: String, _ contentType: String, bytes: Int64,
        _ send: (PartWrite) async throws(Failure) -> [UploadedPart]
    ) async throws(Failure) -> ObjectStat {
        let unit: Int64 = 1 << 20
        let least = ((bytes + 9_999) / 10_000 + unit - 1) / unit * unit
        let partBytes = bytes <= settings.partBytes * 10_000 ? settings.partBytes : least
        var upload = MultipartUpload(
            key: key, id: UUIDv7().description, bytes: bytes, partBytes: partBytes, contentType: contentType)
        let handle = try await client.beginParts(of: upload, key: key)
        upload.handle = handle
        do {
            let parts = try await send(PartWrite(upload: upload, handle: handle))
            return try await finish(upload, key, handle, parts)
        } catch {
            await abandon(key, handle)
            throw error
        }
    }

    /// Also when the task is cancelled, which must not cost the store its space.
    private func abandon(_ key: String, _ handle: String) async {
        let (client, logger) = (client, logger)
        await Task {
            do throws(Failure) {
                try await client.abortParts(of: key, handle)
            } catch {
                logger.warning("parts of \(key) stay until the store's own rule removes them: \(error)")
            }
        }.value
    }

    /// One part in memory at a time.
    private func send(_ body: ObjectBody, to write: PartWrite) async throws(Failure) -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var buffer = PartBuffer(length: write.upload.bytes, partBytes: write.upload.partBytes)
        do {
            for try await chunk in body {
                try buffer.add(chunk)
                while let part = buffer.next() {
                    parts.append(
                        try await send(.bytes(part, PayloadDigest(of: part)), parts.count + 1, to: write))
                }
            }
        } catch {
            throw PartBuffer.failure(error)
        }
        if let part = try buffer.last() {
            parts.append(try await send(.bytes(part, PayloadDigest(of: part)), parts.count + 1, to: write))
        }
        return parts
    }

    /// Some parts at once, each read twice: to sign it, and to send it.
    private func send(_ file: LocalFile, to write: PartWrite) async throws(Failure) -> [UploadedPart] {
        let upload = write.upload
        do {
            return try await withThrowingTaskGroup(of: UploadedPart.self) { group in
                var parts: [UploadedPart] = []
                for number in 1...upload.partCount {
                    if number > settings.partsAtOnce, let part = try await group.next() { parts.append(part) }
                    group.addTask {
                        let start = upload.partBytes * Int64(number - 1)
                        let range = start..<start + upload.length(ofPart: number)
                        let digest = try await file.digest(of: range)
                        return try await self.send(.file(file, range, digest), number, to: write)
                    }
                }
                for try await part in group { parts.append(part) }
                return parts.sorted { $0.number < $1.number }
            }
        } catch {
            throw .wrapping(error)
        }
    }

    private func send(
        _ body: S3Request.Body, _ number: Int, to write: PartWrite
    ) async throws(Failure) -> UploadedPart {
        let etag = try await client.sendPart(number, of: write.upload.key, write.handle, body)
        return UploadedPart(number: number, etag: etag, bytes: write.upload.length(ofPart: number))
    }
}

/// An upload that this process fills.
private struct PartWrite: Sendable {
    /// Under its whole key.
    let upload: MultipartUpload
    let handle: String
}
