import Chat
import NIOCore
import NIOWebSocket

/// What comes from the client: frames, put together into messages, within bounds.
extension ChatSocket {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        session.heard(at: lane.now)
        if closeDue != nil {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return end(.protocolError) }
        // Whole messages are counted by the session, all else here: pings and fragments can be a flood as well.
        let isMessage = frame.opcode == .text && frame.fin
        guard isMessage || session.spend(at: lane.now) else { return end(.flood) }
        switch frame.opcode {
        case .text: begin(frame)
        case .continuation: proceed(frame)
        case .binary: end(.binary)
        case .ping: send(WebSocketBytes.pong(frame.unmaskedData))
        case .pong: break
        case .connectionClose:
            end(.normal)
            context.flush()
            // It has said so itself: nothing more is to come.
            closeAfterFlush()
        default: end(.protocolError)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }

    private func begin(_ frame: WebSocketFrame) {
        guard partial == nil else { return end(.protocolError) }
        if frame.fin { return message(frame.unmaskedData) }
        partial = (frame.unmaskedData, 1)
    }

    private func proceed(_ frame: WebSocketFrame) {
        guard var (bytes, frames) = partial else { return end(.protocolError) }
        partial = nil
        var more = frame.unmaskedData
        frames += 1
        guard bytes.readableBytes + more.readableBytes <= lane.settings.messageBytes,
            frames <= lane.settings.fragments
        else { return end(.tooLarge) }
        bytes.writeBuffer(&more)
        if frame.fin { message(bytes) } else { partial = (bytes, frames) }
    }

    private func message(_ bytes: ByteBuffer) {
        guard String(validating: bytes.readableBytesView, as: UTF8.self) != nil else { return end(.badText) }
        do {
            take(.frame(try ClientFrame(json: bytes)))
        } catch {
            take(.malformed(error.detail))
        }
    }
}
