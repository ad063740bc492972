import NIOCore
import Testing

@testable import Redis

/// How commands look on the wire.
@Suite struct RedisCommandTests {
    private static func wire(_ command: RedisCommand) -> String {
        var buffer = ByteBuffer()
        let count = command.encode(into: &buffer)
        #expect(buffer.readableBytes == count)
        return String(buffer: buffer)
    }

    @Test func `parts are counted in bytes`() {
        #expect(Self.wire(RedisCommand(name: "PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(
            Self.wire(RedisCommand(name: "GET", key: RedisKey("p:", "schlüssel")))
                == "*2\r\n$3\r\nGET\r\n$12\r\np:schlüssel\r\n")
        #expect(
            Self.wire(
                RedisCommand(
                    name: "SET", leading: [.text("")], key: RedisKey("", ""),
                    trailing: [.bytes([13, 10, 65]), .integer(-9_223_372_036_854_775_808)]))
                == "*5\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n$3\r\n\r\nA\r\n$20\r\n-9223372036854775808\r\n")
    }

    @Test func `long parts fit`() {
        let text = String(repeating: "x", count: 123_456)
        #expect(
            Self.wire(RedisCommand(name: "GET", key: RedisKey(text, text)))
                == "*2\r\n$3\r\nGET\r\n$246912\r\n\(text)\(text)\r\n")
    }
}
