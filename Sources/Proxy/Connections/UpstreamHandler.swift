import NIOCore
import NIOHTTP1

/// A connection to an instance. Serves one exchange after the other.
final class UpstreamHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let number: Int
    weak var pool: UpstreamPool?
    private(set) var idleSince = NIODeadline.now()
    /// It has answered before, so the instance may have closed it just now.
    private(set) var hasServed = false
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?

    private init(number: Int) { self.number = number }

    static func install(in channel: any Channel, number: Int, limits: GatewaySettings.Limits) throws {
        var encoding = HTTPRequestEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits.decoding)
        try channel.pipeline.syncOperations.addHandlers(
            HTTPRequestEncoder(configuration: encoding), ByteToMessageHandler(decoder),
            UpstreamHandler(number: number))
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var channel: (any Channel)? { context?.channel }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func begin(_ exchange: Exchange, _ head: HTTPRequestHead) {
        self.exchange = exchange
        write(.head(head))
    }

    func write(_ part: HTTPClientRequestPart) { context?.write(Self.wrapOutboundOut(part), promise: nil) }

    func flush() { context?.flush() }

    func read() { context?.read() }

    /// Its exchange is over; the pool decides what becomes of it.
    func end(isReusable: Bool) {
        exchange = nil
        hasServed = true
        guard isReusable, let pool, context?.channel.isActive == true else { return close() }
        pool.release(self)
    }

    /// Its exchange goes on without HTTP.
    func detach() {
        exchange = nil
        pool?.forget(self)
        pool = nil
    }

    /// Nobody needs it now. Reading tells when the instance closes it.
    func rest() {
        idleSince = .now()
        read()
    }

    func close() {
        exchange = nil
        context?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Nobody asked for anything: what would be taken for the next answer.
        guard let exchange else { return context.close(promise: nil) }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): exchange.upstreamHead(head)
        case .body(let bytes): exchange.upstreamBody(bytes)
        case .end: exchange.upstreamEnd()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.upstreamReadComplete() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamDrained() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        pool?.forget(self)
        let exchange = exchange
        self.exchange = nil
        exchange?.upstreamClosed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
