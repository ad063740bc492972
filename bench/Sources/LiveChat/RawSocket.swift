import NIOCore

/// A client of the raw writer: answers its upgrade and its hello, and takes its posts.
final class RawSocket: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let writer: RawWriter
    private var bytes = ByteBuffer()
    private var isUpgraded = false

    init(writer: RawWriter) { self.writer = writer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = Self.unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        if !isUpgraded {
            guard let end = bytes.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            bytes.moveReaderIndex(to: end.upperBound)
            isUpgraded = true
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
        while let payload = Self.next(&bytes) { take(payload, context) }
        bytes.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) { writer.leave(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func take(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        let text = String(buffer: payload)
        if text.hasPrefix(#"{"type":"send""#) { return writer.post() }
        guard text.hasPrefix(#"{"type":"hello""#) else { return }
        if text.contains(#""rooms":[{"#) { writer.join(context) }
        let welcome =
            #"{"type":"welcome","rooms":[{"id":"\#(RawWriter.room)","lastSeq":\#(writer.lastSeq)}]}"#
        context.writeAndFlush(Self.wrapOutboundOut(RawWriter.frame(welcome)), promise: nil)
    }

    /// The payload of the next frame if it is whole, as it came: clients of the bench mask by zeroes.
    static func next(_ bytes: inout ByteBuffer) -> ByteBuffer? {
        let start = bytes.readerIndex
        guard bytes.readableBytes >= 2, let short: UInt8 = bytes.getInteger(at: start + 1) else { return nil }
        var (count, head) = (Int(short & 0x7F), 6)
        if count == 126 {
            guard let wide: UInt16 = bytes.getInteger(at: start + 2) else { return nil }
            (count, head) = (Int(wide), 8)
        }
        guard let payload = bytes.getSlice(at: start + head, length: count) else { return nil }
        bytes.moveReaderIndex(forwardBy: head + count)
        return payload
    }
}
