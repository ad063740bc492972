import HummingbirdCore
import Kernel
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Sockets

/// Sees each request first: one that asks for the upgrade, with no answer outstanding, leaves HTTP; all others pass.
/// Until the first request the connection has nothing of HTTP's machinery, which a WebSocket would never need.
final class UpgradeEntrance: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart
    typealias HTTP = (any Channel) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private enum State {
        case fresh
        case http(outstanding: Int)
        /// The request asks for an upgrade; its end comes next, then the decision.
        case asking(HTTPRequestHead, isHTTP: Bool)
        case over
    }

    let arrival: EventLoopPromise<UpgradableHTTPChannel.Arrival>
    private let upgrade: ChatUpgrade
    private let idleTimeout: TimeAmount?
    private let http: HTTP
    private var state = State.fresh
    private var hasArrived = false
    private var timer: Scheduled<Void>?

    init(
        upgrade: ChatUpgrade, idleTimeout: TimeAmount?,
        arrival: EventLoopPromise<UpgradableHTTPChannel.Arrival>, http: @escaping HTTP
    ) {
        self.upgrade = upgrade
        self.idleTimeout = idleTimeout
        self.arrival = arrival
        self.http = http
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        guard let idleTimeout else { return }
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: idleTimeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        timer?.cancel()
        timer = nil
        if !hasArrived {
            hasArrived = true
            arrival.fail(ChannelError.eof)
        }
    }

    private func arrive(_ what: UpgradableHTTPChannel.Arrival) {
        timer?.cancel()
        timer = nil
        guard !hasArrived else { return }
        hasArrived = true
        arrival.succeed(what)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .fresh = state else { return context.fireUserInboundEventTriggered(event) }
        switch event {
        case let event as ChannelEvent where event == .inputClosed: context.close(promise: nil)
        case is ChannelShouldQuiesceEvent: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is no HTTP is told so by those who speak it.
        if case .fresh = state, !becomeHTTP(context) { return }
        context.fireErrorCaught(error)
    }

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, Self.unwrapInboundIn(data)) {
        case (.fresh, .head(let head)) where ChatUpgrade.isAsked(by: head):
            state = .asking(head, isHTTP: false)
        case (.http(outstanding: 0), .head(let head)) where ChatUpgrade.isAsked(by: head):
            state = .asking(head, isHTTP: true)
        case (.asking(let head, let isHTTP), .end): decide(head, isHTTP, context)
        case (.asking, _), (.over, _): break
        case (.fresh, let part):
            guard becomeHTTP(context) else { return }
            pass(part, context)
        case (.http, let part): pass(part, context)
        }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .head = part, case .http(let outstanding) = state {
            state = .http(outstanding: outstanding + 1)
        }
        context.fireChannelRead(Self.wrapInboundOut(part))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = Self.unwrapOutboundIn(data), case .http(let outstanding) = state {
            state = .http(outstanding: max(0, outstanding - 1))
        }
        context.write(data, promise: promise)
    }

    private func becomeHTTP(_ context: ChannelHandlerContext) -> Bool {
        do {
            let channel = try http(context.channel)
            state = .http(outstanding: 0)
            arrive(.http(channel))
            return true
        } catch {
            context.close(promise: nil)
            return false
        }
    }

    // MARK: - The upgrade

    private func decide(_ head: HTTPRequestHead, _ isHTTP: Bool, _ context: ChannelHandlerContext) {
        state = .over
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let (upgrade, peer) = (upgrade, context.remoteAddress?.ipAddress ?? "unknown")
        Task {
            let decision = await upgrade.decide(head, peer: peer)
            bound.eventLoop.execute {
                let (entrance, context) = bound.value
                guard context.channel.isActive else { return }
                switch decision {
                case .accept(let headers, let token):
                    entrance.accept(headers, token, isHTTP, context)
                case .refuse(let head, let body): entrance.refuse(head, body, context)
                }
            }
        }
    }

    private func refuse(_ head: HTTPResponseHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func accept(
        _ headers: HTTPHeaders, _ token: String?, _ isHTTP: Bool, _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            if isHTTP {
                // What is left of them sees no more of this connection but its end.
                try remove(HTTP1ToHTTPServerCodec.self, pipeline)
                try remove(HTTPConnectionStateHandler.self, pipeline)
            }
            try remove(HTTPResponseEncoder.self, pipeline)
            try pipeline.addHandlers(
                upgrade.hub.handlers(on: context.eventLoop, token: token), position: .after(self))
            arrive(.upgraded)
            pipeline.removeHandler(context: context, promise: nil)
            // Last: what came behind the request goes to those who have taken its place.
            pipeline.removeHandler(decoder, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    private func remove<Handler: RemovableChannelHandler>(
        _ type: Handler.Type, _ pipeline: ChannelPipeline.SynchronousOperations
    ) throws {
        pipeline.removeHandler(try pipeline.handler(type: type), promise: nil)
    }
}
