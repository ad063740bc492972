package import NIOCore

/// The bytes of an object as they stream, pulled by the reader.
package typealias ObjectBody = any AsyncSequence<ByteBuffer, any Error> & Sendable

/// Immutable blobs under slash-separated keys.
///
/// A key is an `ObjectKey`; others are `invalid_key`. One key may begin another. An object is there whole or not
/// at all, and durable when `put` returns. Writing a key again replaces it at once; who reads the former bytes
/// reads them to their end, or learns by a failure that they are gone, and never a mixture.
package protocol ObjectStore: Sendable {
    /// Stores `body`, which must be exactly `length` bytes, else `part_mismatch` and nothing is stored. The answer's
    /// time is the store's own, to the second; `stat` may tell it a little later.
    func put(_ key: String, body: ObjectBody, length: Int64, contentType: String) async throws -> ObjectStat

    /// Stores a local file's bytes; the file may be moved away.
    func put(_ key: String, movingFile path: String, contentType: String) async throws -> ObjectStat

    /// The object, or the part of it in `range` clamped to its end; nil if absent, `invalid_range` if it starts beyond.
    func get(_ key: String, range: ByteRange?) async throws -> StoredObject?

    func stat(_ key: String) async throws -> ObjectStat?

    /// Up to `limit` keys with `prefix`, in byte order, behind `after`. A prefix may end within a component.
    func list(prefix: String, after: String?, limit: Int) async throws -> [String]

    /// Removes every object whose key starts with `prefix` (which must not be empty); absent ones are fine.
    func delete(prefix: String) async throws

    /// Makes the object readable as the local file `path`, which it replaces, without a copy where the store is
    /// local: so nobody may write to that file. `not_found` if absent.
    func materialise(_ key: String, at path: String) async throws

    /// A URL by which anybody may GET the object until `expiry`, whether it exists or not; nil where the store has
    /// no face of its own towards readers.
    func readURL(_ key: String, expiry: Timestamp) throws -> SignedURL?
}

/// Objects written in parts, by clients that hold signed URLs.
package protocol MultipartStore: Sendable {
    /// Opens an upload of `bytes` in parts of `partBytes` (the last may be shorter) and answers its handle, with
    /// which all further calls are made. An upload that has its handle already keeps it. Without one, the same
    /// again answers the same handle or a second one; whoever gets two aborts one.
    func begin(_ upload: MultipartUpload) async throws -> String

    /// A URL by which anybody may PUT part `number` (from 1), of exactly its length, until `expiry`. Equal for
    /// equal arguments. The answer to that PUT has the part's ETag as a header.
    func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL

    /// Parts that are durable, by number; none of an upload that is not open.
    func parts(of upload: MultipartUpload) async throws -> [UploadedPart]

    /// Makes the object out of its parts. `upload_incomplete` names what is missing or differs from `parts`;
    /// again after success is fine and answers the same.
    func complete(_ upload: MultipartUpload, parts: [UploadedPart.Reference]) async throws -> ObjectStat

    /// Forgets an unfinished upload and frees its space; absent is fine. Without a handle, whatever is unfinished
    /// under its key.
    func abort(_ upload: MultipartUpload) async throws
}

/// The store's own HTTP face, of those stores that have none outside: the application serves it.
package protocol SignedObjectEndpoint: Sendable {
    /// Path prefix of its URLs, such as `/objects/`.
    var pathPrefix: String { get }

    /// Receives a part by a PUT to a URL of `partURL`. `signature_invalid` unless URL, length and type are those
    /// signed, `signature_expired` after its time, `part_mismatch` if the body has another length, `part_busy`
    /// while the same part arrives elsewhere, `not_found` if the upload is not open.
    func receive(path: String, query: String, length: Int64?, contentType: String?, body: ObjectBody)
        async throws -> UploadedPart
}

package struct SignedURL: Sendable, Equatable {
    /// Absolute, or a path on the application's own origin.
    package let url: String
    /// Headers that the signature covers and the client must send.
    package let headers: [String: String]

    package init(url: String, headers: [String: String]) {
        self.url = url
        self.headers = headers
    }
}

package struct ObjectStat: Sendable, Equatable, Codable {
    package let bytes: Int64
    /// Without quotes; equal bytes under one key keep it, other bytes change it.
    package let etag: String
    package let contentType: String
    package let modified: Timestamp

    package init(bytes: Int64, etag: String, contentType: String, modified: Timestamp) {
        self.bytes = bytes
        self.etag = etag
        self.contentType = contentType
        self.modified = modified
    }
}

package struct StoredObject: Sendable {
    package let stat: ObjectStat
    /// What `body` holds of it.
    package let range: Range<Int64>
    package let body: ObjectBody

    package init(stat: ObjectStat, range: Range<Int64>, body: ObjectBody) {
        self.stat = stat
        self.range = range
        self.body = body
    }
}

/// A byte range as HTTP asks for it.
package enum ByteRange: Sendable, Equatable {
    case from(Int64)
    /// Inclusive at both ends.
    case span(Int64, Int64)
    case last(Int64)

    /// The part of an object of `size` bytes; nil if it lies wholly beyond.
    package func clamped(to size: Int64) -> Range<Int64>? {
        switch self {
        case .from(let start): start >= 0 && start < size ? start..<size : nil
        case .span(let start, let end):
            start >= 0 && start < size && start <= end ? start..<min(end, size - 1) + 1 : nil
        case .last(let count): count > 0 && size > 0 ? max(0, size - count)..<size : nil
        }
    }
}
