import Chat
import NIOCore
import Sockets
import Testing

@Suite struct WebSocketBytesTests {
    @Test(arguments: [0, 125, 126, 65_535, 65_536]) func `a frame bears its length as RFC 6455 says`(
        count: Int
    ) {
        var frame = WebSocketBytes.text(ByteBuffer(repeating: 7, count: count))
        #expect(frame.readInteger(as: UInt8.self) == 0x81)
        let first = frame.readInteger(as: UInt8.self)
        switch count {
        case ..<126: #expect(first == UInt8(count))
        case ..<65_536:
            #expect(first == 126)
            #expect(frame.readInteger(as: UInt16.self) == UInt16(count))
        default:
            #expect(first == 127)
            #expect(frame.readInteger(as: UInt64.self) == UInt64(count))
        }
        #expect(frame.readableBytes == count)
    }

    @Test func `a close frame fits into a control frame`() {
        var frame = WebSocketBytes.close(.malformed(String(repeating: "ü", count: 500)))
        #expect(frame.readableBytes <= 127)
        frame.moveReaderIndex(forwardBy: 2)
        #expect(frame.readInteger(as: UInt16.self) == 4400)
    }
}
