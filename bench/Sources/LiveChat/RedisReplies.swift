import Foundation
import NIOCore

/// What a server of Redis says (RESP 2), as far as one that publishes and listens hears it.
enum RedisReply: Equatable {
    case text(String)
    case failure(String)
    case number(Int)
    case bytes(ByteBuffer?)
    case list([RedisReply])

    /// Nil while some of it is missing; then nothing is taken from `bytes`.
    static func next(_ bytes: inout ByteBuffer) throws -> RedisReply? {
        var rest = bytes
        guard let reply = try read(&rest) else { return nil }
        bytes = rest
        return reply
    }

    private static func read(_ bytes: inout ByteBuffer) throws -> RedisReply? {
        guard let end = bytes.readableBytesView.firstIndex(of: 0x0D),
            let line = bytes.readString(length: end - bytes.readerIndex), bytes.readableBytes >= 2
        else { return nil }
        bytes.moveReaderIndex(forwardBy: 2)
        let word = String(line.dropFirst())
        switch line.first {
        case "+": return .text(word)
        case "-": return .failure(word)
        case ":": return .number(Int(word) ?? 0)
        case "$":
            guard let count = Int(word), count >= 0 else { return .bytes(nil) }
            guard bytes.readableBytes >= count + 2, let value = bytes.readSlice(length: count) else {
                return nil
            }
            bytes.moveReaderIndex(forwardBy: 2)
            return .bytes(value)
        case "*":
            var items: [RedisReply] = []
            for _ in 0..<max(0, Int(word) ?? 0) {
                guard let item = try read(&bytes) else { return nil }
                items.append(item)
            }
            return .list(items)
        default: throw RunFailure("this is no answer of Redis: \(line.prefix(50))")
        }
    }

    /// Of a message that came over a channel.
    var published: ByteBuffer? {
        guard case .list(let items) = self, items.count == 3, case .bytes(let kind?) = items[0],
            kind == ByteBuffer(string: "message"), case .bytes(let payload) = items[2]
        else { return nil }
        return payload
    }

    static func command(_ words: [ByteBuffer]) -> ByteBuffer {
        var bytes = ByteBuffer(string: "*\(words.count)\r\n")
        for word in words {
            bytes.writeString("$\(word.readableBytes)\r\n")
            bytes.writeImmutableBuffer(word)
            bytes.writeString("\r\n")
        }
        return bytes
    }
}
