package import Chat
package import NIOCore

/// Frames of a server, whole: they bear no mask, so one buffer serves every socket that gets it.
package enum WebSocketBytes {
    package static func text(_ payload: ByteBuffer) -> ByteBuffer { frame(0x1, payload) }

    package static let ping = frame(0x9, ByteBuffer())

    /// `payload` has at most 125 bytes.
    package static func pong(_ payload: ByteBuffer) -> ByteBuffer { frame(0xA, payload) }

    package static func close(_ reason: CloseReason) -> ByteBuffer {
        var payload = ByteBufferAllocator().buffer(capacity: 64)
        payload.writeInteger(reason.code)
        payload.writeBytes(reason.text.utf8.prefix(123))
        return frame(0x8, payload)
    }

    private static func frame(_ opcode: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        let count = payload.readableBytes
        var frame = ByteBufferAllocator().buffer(capacity: count + 10)
        frame.writeInteger(0x80 | opcode)
        switch count {
        case ..<126: frame.writeInteger(UInt8(count))
        case ..<65_536:
            frame.writeInteger(UInt8(126))
            frame.writeInteger(UInt16(count))
        default:
            frame.writeInteger(UInt8(127))
            frame.writeInteger(UInt64(count))
        }
        frame.writeImmutableBuffer(payload)
        return frame
    }
}
