import NIOCore
import Testing

@testable import Redis

/// Bytes in, replies out.
@Suite struct RedisReplyReaderTests {
    private static func read(_ pieces: [[UInt8]], maximumBytes: Int = 1 << 20) throws -> [RedisReply] {
        let reader = try #require(RedisReplyReader(maximumBytes: maximumBytes))
        var replies: [RedisReply] = []
        for piece in pieces {
            try reader.feed(ByteBuffer(bytes: piece))
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    private static let text =
        "+OK\r\n$5\r\na\0b\r\n\r\n:-12\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n-ERR no\r\n*3\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n*1\r\n+y\r\n:7\r\n"
    private static let replies: [RedisReply] = [
        .status("OK"), .bytes([97, 0, 98, 13, 10]), .integer(-12), .null, .bytes([]), .null, .array([]),
        .error(RedisRefusal(text: "ERR no")),
        .array([.array([.integer(1), .array([])]), .bytes([120]), .array([.status("y")])]), .integer(7),
    ]

    @Test func `replies are read, wherever the bytes are cut`() throws {
        let bytes = Array(Self.text.utf8)
        #expect(try Self.read([bytes]) == Self.replies)
        #expect(try Self.read(bytes.map { [$0] }) == Self.replies)
        for cut in bytes.indices {
            #expect(try Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.replies)
        }
    }

    @Test func `a megabyte passes unharmed, in pieces`() throws {
        let value = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let bytes = Array("$1000000\r\n".utf8) + value + [13, 10] + Array(":1\r\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 65_536).map {
            Array(bytes[$0..<min(bytes.count, $0 + 65_536)])
        }
        #expect(try Self.read(pieces, maximumBytes: 1 << 21) == [.bytes(value), .integer(1)])
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "\r\n", "*2\r\n:1\r\nx\r\n", "*99999999\r\n", "*2147483648\r\n",
        "$-2\r\n",
    ])
    func `garbage is refused, once and for all`(_ text: String) throws {
        let reader = try #require(RedisReplyReader(maximumBytes: 1 << 20))
        #expect(throws: RedisReplyReader.Garbage.self) {
            try reader.feed(ByteBuffer(string: text))
            while try reader.next() != nil {}
        }
        #expect(throws: RedisReplyReader.Garbage.self) {
            try reader.feed(ByteBuffer(string: "+OK\r\n"))
            _ = try reader.next()
        }
    }

    @Test func `a reply has a bound, whole or in parts`() throws {
        let kilobyte = [UInt8](repeating: 120, count: 1024)
        #expect(throws: RedisReplyReader.Garbage.self) {
            try Self.read(
                [Array("$99999999\r\n".utf8)] + Array(repeating: kilobyte, count: 100), maximumBytes: 65_536)
        }
        let part = Array("$1024\r\n".utf8) + kilobyte + [13, 10]
        #expect(throws: RedisReplyReader.Garbage.self) {
            try Self.read(
                [Array("*1000\r\n".utf8)] + Array(repeating: part, count: 100), maximumBytes: 65_536)
        }
        #expect(try Self.read(Array(repeating: part, count: 1000), maximumBytes: 65_536).count == 1000)
    }
}
