import Kernel
import NIOCore
import NIOHTTP1

/// A connection of a client: its requests one after the other, each as an exchange. Reads only what can be passed on.
final class ClientHandler: ChannelInboundHandler, RemovableChannelHandler, LaneConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    enum State {
        case idle
        case exchange(Exchange)
        /// Answered before the request was all here: the rest is dropped for a while, so that the client gets to
        /// read the answer before the connection is reset.
        case lingering(until: NIODeadline)
        /// What has been written leaves first.
        case closing(until: NIODeadline)
        case ended
    }

    static let linger = TimeAmount.seconds(5)

    let lane: Lane
    var state = State.idle
    private(set) var context: ChannelHandlerContext?
    /// Parts of a request that cannot be passed on yet, and of requests behind it: at most what one read brought.
    private(set) var parts = CircularBuffer<HTTPServerRequestPart>()
    private var malformed: Rejection?
    var isLast = false
    /// Since the connection waits for the next request.
    private(set) var idleSince = NIODeadline.now()
    /// Of a request whose head is not complete.
    private(set) var headSince: NIODeadline?
    /// Nothing of the next request has come.
    private(set) var isQuiet = true

    init(lane: Lane) { self.lane = lane }

    /// Adds all handlers of a connection that has been accepted.
    static func install(in channel: any Channel, lane: Lane) throws {
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .forwardBytes,
            limitConfiguration: lane.proxy.settings.limits.decoding)
        let client = ClientHandler(lane: lane)
        try channel.pipeline.syncOperations.addHandlers(
            ArrivalHandler(client: client), HTTPResponseEncoder(configuration: encoding),
            ByteToMessageHandler(decoder), client)
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var channel: (any Channel)? { context?.channel }
    var address: String { context?.channel.remoteAddress?.ipAddress ?? "unknown" }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        begin()
        context.fireChannelActive()
    }

    private var hasBegun = false

    private func begin() {
        guard !hasBegun, let context else { return }
        hasBegun = true
        guard lane.proxy.clients.enter() <= lane.proxy.settings.limits.clients else {
            context.close(promise: nil)
            return
        }
        lane.add(self)
        headSince = .now()
        context.read()
    }

    /// Bytes have come that the decoder has not understood yet. True if they are of a head.
    func bytesArrived() -> Bool {
        guard case .idle = state else { return false }
        isQuiet = false
        if headSince == nil { headSince = .now() }
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parts.append(Self.unwrapInboundIn(data))
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .exchange(let exchange) = state { exchange.clientReadComplete() }
        readMore()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .exchange(let exchange) = state { exchange.clientDrained() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if hasBegun { lane.proxy.clients.leave() }
        lane.remove(self)
        let before = state
        state = .ended
        parts.removeAll()
        if case .exchange(let exchange) = before { exchange.clientGone() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return abort() }
        refuseAll(
            error == .headerOverflow
                ? .headersTooLarge : .malformed("The request is not well-formed HTTP."))
    }

    /// Nothing that comes from now on is understood.
    func refuseAll(_ rejection: Rejection) {
        isLast = true
        malformed = rejection
        process()
    }
}

// MARK: - Requests

extension ClientHandler {
    /// Passes parts on as far as they can go.
    func process() {
        while let part = parts.first {
            switch (state, part) {
            case (.idle, .head(let head)):
                parts.removeFirst()
                start(head)
            case (.exchange(let exchange), .body(let bytes)):
                guard exchange.wantsBody else { return }
                parts.removeFirst()
                exchange.clientBody(bytes)
            case (.exchange(let exchange), .end):
                guard exchange.wantsBody else { return }
                parts.removeFirst()
                exchange.clientEnd()
            case (.exchange, .head): return
            case (.lingering, .end): return closeAfterFlush()
            case (.lingering, _), (.idle, _), (.closing, _), (.ended, _): parts.removeFirst()
            }
        }
        if let malformed { refuse(malformed) }
    }

    private func start(_ head: HTTPRequestHead) {
        headSince = nil
        let exchange = Exchange(client: self, head: head)
        state = .exchange(exchange)
        exchange.start()
    }

    /// What could not be parsed ends the connection, after the exchanges before it.
    func refuse(_ rejection: Rejection) {
        switch state {
        case .idle:
            malformed = nil
            lane.proxy.observer.event(.rejected(code: rejection.code))
            write(problem: rejection, requestID: UUIDv7().description, closes: true, isHead: false)
            linger()
            readMore()
        case .exchange(let exchange):
            guard !exchange.hasWholeRequest else { return }
            malformed = nil
            exchange.reject(rejection)
        case .lingering: abort()
        case .closing, .ended: malformed = nil
        }
    }

    func readMore() {
        guard parts.isEmpty, malformed == nil else { return }
        switch state {
        case .idle, .lingering: context?.read()
        case .exchange(let exchange) where exchange.wantsBody && !exchange.hasWholeRequest: context?.read()
        case .exchange, .closing, .ended: break
        }
    }

    /// The exchange has written its answer. Unless the client was told in it that the connection `closes`, the next
    /// request may be on its way.
    func exchangeEnded(closes: Bool, hasWholeRequest: Bool) {
        flush()
        if isLast || closes {
            guard !hasWholeRequest else { return closeAfterFlush() }
            linger()
        } else {
            state = .idle
            idleSince = .now()
            headSince = parts.isEmpty ? nil : idleSince
            isQuiet = parts.isEmpty
        }
        process()
        readMore()
    }
}
