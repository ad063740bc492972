import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks an instance whether it is ready, on a connection of its own: one that can be made is part of the answer.
struct InstanceProbe: Sendable {
    let path: String
    let deadline: Duration
    let loops: any EventLoopGroup

    /// True if it answered with 2xx in time.
    func isReady(_ address: Instance.Address) async -> Bool {
        let loop = loops.next()
        let answer = loop.makePromise(of: Bool.self)
        let timer = loop.scheduleTask(in: deadline.timeAmount) { answer.succeed(false) }
        let (path, deadline) = (path, deadline)
        let connection = ClientBootstrap(group: loop).connectTimeout(deadline.timeAmount)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        ProbeHandler(path: path, host: address.description, answer: answer))
                }
            }.connect(host: address.host, port: address.port)
        connection.whenFailure { _ in answer.succeed(false) }
        answer.futureResult.whenComplete { _ in
            timer.cancel()
            connection.whenSuccess { $0.close(promise: nil) }
        }
        // It is only ever fulfilled by a value.
        return (try? await answer.futureResult.get()) ?? false
    }
}

private final class ProbeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let path: String
    private let host: String
    private let answer: EventLoopPromise<Bool>

    init(path: String, host: String, answer: EventLoopPromise<Bool>) {
        self.path = path
        self.host = host
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": host, "Connection": "close", "User-Agent": "cloudstream-gateway"]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = Self.unwrapInboundIn(data) {
            answer.succeed((200..<300).contains(head.status.code))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { answer.succeed(false) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.succeed(false)
        context.close(promise: nil)
    }
}
