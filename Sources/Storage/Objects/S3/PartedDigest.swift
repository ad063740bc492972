import Crypto
import Kernel
import NIOCore

/// The ETag that a store gives to bytes, as they come by: their MD5, or that of the MD5s of parts of one length.
struct PartedDigest: Sendable {
    /// The part's hashes in one.
    struct Outer: Sendable {
        private var hash = Insecure.MD5()
        private var count = 0

        /// False if `etag` is no MD5 in hexadecimal.
        mutating func add(_ etag: String) -> Bool {
            let digits = etag.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
            guard digits.count == 32, etag.utf8.count == 32 else { return false }
            let bytes = stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
            hash.update(data: bytes)
            count += 1
            return true
        }

        fileprivate mutating func add(_ digest: Insecure.MD5.Digest) {
            hash.update(data: Array(digest))
            count += 1
        }

        var etag: String { "\(hash.finalize().hexadecimal)-\(count)" }
    }

    private let partBytes: Int64?
    private var outer = Outer()
    private var part = Insecure.MD5()
    private var inPart: Int64 = 0

    /// Without `partBytes` for an object that came in one piece.
    init(partBytes: Int64?) { self.partBytes = partBytes }

    mutating func update(_ buffer: ByteBuffer) {
        var rest = buffer
        while rest.readableBytes > 0 {
            let room = (partBytes ?? .max) - inPart
            guard let piece = rest.readSlice(length: Int(min(room, Int64(rest.readableBytes)))) else {
                return
            }
            piece.readableBytesView.withUnsafeBytes { part.update(bufferPointer: $0) }
            inPart += Int64(piece.readableBytes)
            if inPart == partBytes { endPart() }
        }
    }

    private mutating func endPart() {
        outer.add(part.finalize())
        part = Insecure.MD5()
        inPart = 0
    }

    func etag() -> String {
        guard partBytes != nil else { return part.finalize().hexadecimal }
        var copy = self
        if inPart > 0 { copy.endPart() }
        return copy.outer.etag
    }
}
