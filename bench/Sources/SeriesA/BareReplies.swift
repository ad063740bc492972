import CHiredis

/// Bytes in, values out, by hiredis; for one who sets and gets values, and for one thread.
final class BareReplies {
    private let reader: UnsafeMutablePointer<redisReader>

    init() throws {
        guard let reader = redisReaderCreate() else { throw RunFailure("no memory for a reader of Redis") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func append(_ bytes: ArraySlice<UInt8>) {
        // What it has no memory for it tells at the next look.
        bytes.withUnsafeBytes { _ = redisReaderFeed(reader, $0.baseAddress, $0.count) }
    }

    /// The next value, or the word that stands for one; nil until more has come. Fails where there is no value.
    func next() throws -> [UInt8]? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &found) == REDIS_OK else {
            throw RunFailure("Redis cannot be understood")
        }
        guard let found else { return nil }
        defer { freeReplyObject(found) }
        let reply = found.assumingMemoryBound(to: redisReply.self).pointee
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len))
        guard reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS else {
            throw RunFailure("Redis gave no value: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        return Array(bytes)
    }
}
