import AsyncHTTPClient
import Crypto
import Foundation
import Kernel
import NIOCore
import NIOHTTP1

/// One call to a store, before it is signed; it can be made more than once.
struct S3Request: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer, PayloadDigest)
        case file(LocalFile, Range<Int64>, PayloadDigest)
    }

    enum Repetition: Sendable {
        /// Once more changes nothing.
        case harmless
        /// Only where the store cannot have done it.
        case ifRefused
    }

    var method: HTTPMethod
    /// The whole key; nil for the bucket.
    var key: String?
    var query: [(String, String)] = []
    var headers: [(String, String)] = []
    var body = Body.none
    var repetition = Repetition.harmless

    var bodyBytes: Int64 {
        switch body {
        case .none: 0
        case .bytes(let buffer, _): Int64(buffer.readableBytes)
        case .file(_, let range, _): Int64(range.count)
        }
    }

    var digest: PayloadDigest? {
        switch body {
        case .none: nil
        case .bytes(_, let digest), .file(_, _, let digest): digest
        }
    }

    /// A document as body, as the calls about buckets want it.
    static func document(_ text: String) -> Body {
        let buffer = ByteBuffer(string: text)
        return .bytes(buffer, PayloadDigest(of: buffer))
    }
}

extension S3Request.Body {
    var content: HTTPClientRequest.Body? {
        switch self {
        case .none: nil
        case .bytes(let buffer, _): .bytes(buffer)
        case .file(let file, let range, _):
            .stream(LocalFileBody(file: file, range: range), length: .known(Int64(range.count)))
        }
    }
}

/// What the store checks a body by.
struct PayloadDigest: Sendable {
    /// In hexadecimal.
    let sha256: String
    /// In Base64.
    let md5: String

    init(of buffer: ByteBuffer) {
        var hashes = PayloadHashes()
        hashes.update(buffer.readableBytesView)
        self = hashes.finalize()
    }

    fileprivate init(_ sha256: SHA256.Digest, _ md5: Insecure.MD5.Digest) {
        self.sha256 = sha256.hexadecimal
        self.md5 = Data(md5).base64EncodedString()
    }
}

struct PayloadHashes: Sendable {
    private var sha256 = SHA256()
    private var md5 = Insecure.MD5()

    mutating func update(_ bytes: ByteBufferView) {
        bytes.withUnsafeBytes {
            sha256.update(bufferPointer: $0)
            md5.update(bufferPointer: $0)
        }
    }

    func finalize() -> PayloadDigest { PayloadDigest(sha256.finalize(), md5.finalize()) }
}
