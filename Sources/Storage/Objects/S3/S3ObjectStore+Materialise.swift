import Kernel
import NIOCore

extension S3ObjectStore {
    /// Of one of several downloads of an object, which go on side by side.
    private static let rangeBytes: Int64 = 16 << 20
    private static let rangesAtOnce = 4

    /// Downloads beside `path` and then takes its place. The bytes are checked against the object's ETag, where that
    /// is a hash of them.
    package func materialise(_ key: String, at path: String) async throws {
        let key = stored(try ObjectKey(key).text)
        guard let headers = try await headers(of: key) else { throw Failure.notFound("object") }
        let file = try await LocalFile.making("\(path).\(UUIDv7()).part", on: threads)
        do {
            try await download(key, headers, to: file)
            try await verify(file, headers)
            try await file.move(to: path)
        } catch {
            // The first error is the one to tell.
            try? await file.remove()
            throw Failure.wrapping(error)
        }
    }

    private func download(_ key: String, _ headers: ObjectHeaders, to file: LocalFile) async throws {
        let bytes = headers.stat.bytes
        let starts = Array(stride(from: 0, to: bytes, by: Int(Self.rangeBytes)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, start) in starts.enumerated() {
                if index >= Self.rangesAtOnce { try await group.next() }
                group.addTask {
                    let range = start..<min(bytes, start + Self.rangeBytes)
                    try await self.download(range, of: key, headers, to: file)
                }
            }
            try await group.waitForAll()
        }
    }

    private func download(
        _ range: Range<Int64>, of key: String, _ headers: ObjectHeaders, to file: LocalFile
    ) async throws {
        var position = range.lowerBound
        for try await chunk in S3Body(S3Body.Source(client, key, headers, range: range)) {
            try await file.write(chunk, at: position)
            position += Int64(chunk.readableBytes)
        }
        guard position == range.upperBound else {
            throw Failure.unavailable("The object store", cause: S3Body.CutShort())
        }
    }

    private func verify(_ file: LocalFile, _ headers: ObjectHeaders) async throws(Failure) {
        let (etag, bytes) = (headers.stat.etag, headers.stat.bytes)
        let isParted = etag.contains("-")
        guard headers.hasHashETag, !isParted || headers.partBytes != nil else { return }
        let empty = PartedDigest(partBytes: isParted ? headers.partBytes : nil)
        let digest = try await file.forEachChunk(of: 0..<bytes, into: empty) { $0.update($1) }
        guard digest.etag() == etag else {
            throw Failure(
                .internal, "object_damaged", "The object's bytes are not those that were stored.",
                cause: DamagedObject(etag: etag, found: digest.etag()))
        }
    }
}

struct DamagedObject: Error, CustomStringConvertible {
    let etag: String
    let found: String

    var description: String { "the object's ETag is \(etag), that of its bytes \(found)" }
}
