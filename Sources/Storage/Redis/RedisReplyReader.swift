import CHiredis
import NIOCore

/// Bytes in, replies out: owns a reader of hiredis. To be used by one thread.
final class RedisReplyReader {
    /// The connection can no longer be understood.
    struct Garbage: Error, CustomStringConvertible {
        let description: String
    }

    /// Elements of one array; hiredis would reserve room for as many as a server merely announces.
    private static let maximumElements = 1 << 20

    private let reader: UnsafeMutablePointer<redisReader>
    private let assembler = RedisReplyAssembler(maximumElements: maximumElements)
    private let maximumBytes: Int

    /// One reply takes at most `maximumBytes`. Nil without memory.
    init?(maximumBytes: Int) {
        guard let reader = redisReaderCreateWithFunctions(RedisReplyAssembler.functions) else { return nil }
        self.reader = reader
        self.maximumBytes = maximumBytes
        // The reader is freed before the assembler, which it borrows.
        reader.pointee.privdata = Unmanaged.passUnretained(assembler).toOpaque()
    }

    deinit { redisReaderFree(reader) }

    func feed(_ buffer: ByteBuffer) throws(Garbage) {
        try buffer.withUnsafeReadableBytes { bytes throws(Garbage) in try feed(bytes) }
    }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(Garbage) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        guard redisReaderFeed(reader, start.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
        else { throw garbage() }
    }

    /// Nil until more has been fed.
    func next() throws(Garbage) -> RedisReply? {
        var marker: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &marker) == REDIS_OK else { throw garbage() }
        if marker != nil, let reply = assembler.take() {
            return reply
        }
        guard reader.pointee.len - reader.pointee.pos + assembler.bytes <= maximumBytes else {
            throw Garbage(description: "a reply of more than \(maximumBytes) bytes")
        }
        return nil
    }

    private func garbage() -> Garbage {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return Garbage(description: text.isEmpty ? "a reply that cannot be read" : text)
    }
}
