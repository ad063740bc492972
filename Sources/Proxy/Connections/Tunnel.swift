import NIOCore
import NIOHTTP1

/// Two connections that pass each other's bytes on, after an upgrade.
final class Tunnel: LaneConnection {
    private let lane: Lane
    private let outer: RelayHandler
    private let inner: RelayHandler
    private let outerChannel: any Channel
    private let innerChannel: any Channel
    private let onEnd: (_ received: Int64, _ sent: Int64) -> Void
    private var open = 2

    init(
        lane: Lane, outer: any Channel, inner: any Channel,
        onEnd: @escaping (_ received: Int64, _ sent: Int64) -> Void
    ) {
        self.lane = lane
        outerChannel = outer
        innerChannel = inner
        self.outer = RelayHandler()
        self.inner = RelayHandler()
        self.onEnd = onEnd
        self.outer.partner = self.inner
        self.inner.partner = self.outer
    }

    /// Puts relays in place of HTTP; what the decoders hold unread goes through them first.
    func start() {
        lane.add(self)
        outer.onEnd = { self.sideEnded() }
        inner.onEnd = { self.sideEnded() }
        do {
            let (outside, inside) = (
                outerChannel.pipeline.syncOperations, innerChannel.pipeline.syncOperations
            )
            try outside.addHandler(outer)
            try inside.addHandler(inner)
            // The encoders first: bytes that a decoder gives up must not pass through the other side's.
            var removals = [
                outside.removeHandler(try outside.handler(type: HTTPResponseEncoder.self)),
                inside.removeHandler(try inside.handler(type: HTTPRequestEncoder.self)),
                outside.removeHandler(try outside.handler(type: ClientHandler.self)),
                inside.removeHandler(try inside.handler(type: UpstreamHandler.self)),
            ]
            removals.append(
                outside.removeHandler(
                    try outside.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)))
            removals.append(
                inside.removeHandler(try inside.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self))
            )
            EventLoopFuture.whenAllComplete(removals, on: lane.loop).assumeIsolated().whenComplete { _ in
                self.outer.begin()
                self.inner.begin()
            }
        } catch {
            cut()
        }
    }

    private func sideEnded() {
        open -= 1
        if open == 1 {
            outer.closeAfterFlush()
            inner.closeAfterFlush()
        } else if open == 0 {
            lane.remove(self)
            outer.onEnd = nil
            inner.onEnd = nil
            onEnd(outer.count, inner.count)
        }
    }

    func tick(_ now: NIODeadline) {
        let idle = lane.proxy.settings.times.tunnelIdle.timeAmount
        if now - max(outer.lastRead, inner.lastRead) > idle { cut() }
    }

    func cut() {
        outerChannel.close(promise: nil)
        innerChannel.close(promise: nil)
    }
}

/// One side of a tunnel: reads only while the other takes it.
final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes read from this side.
    private(set) var count: Int64 = 0
    private(set) var lastRead = NIODeadline.now()
    weak var partner: RelayHandler?
    var onEnd: (() -> Void)?
    private var context: ChannelHandlerContext?
    private var isReady = false
    /// What the other side's decoder had read already: at most one read.
    private var held: [ByteBuffer] = []

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// No handler of HTTP is left on this side.
    func begin() {
        isReady = true
        for bytes in held { send(bytes) }
        held = []
        read()
    }

    func read() { context?.read() }

    func send(_ bytes: ByteBuffer) {
        guard isReady else { return held.append(bytes) }
        context?.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
    }

    func closeAfterFlush() {
        guard let context else { return }
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        count += Int64(bytes.readableBytes)
        lastRead = .now()
        partner?.send(bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if partner?.isWritable == true { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.read() }
    }

    func channelInactive(context: ChannelHandlerContext) { onEnd?() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
