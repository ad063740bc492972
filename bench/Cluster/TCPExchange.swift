import Kernel
import NIOCore
import NIOPosix

/// One question and one answer over a connection of its own: enough to see that a server speaks its protocol.
enum TCPExchange {
    /// Throws unless somebody listens.
    static func connect(port: Int) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2)).connect(host: "127.0.0.1", port: port).get()
        try await channel.close()
    }

    /// Bytes until `isComplete`, or until the server closes.
    static func ask(
        port: Int, _ question: [UInt8], deadline: Duration = .seconds(2),
        isComplete: @escaping @Sendable (ByteBuffer) -> Bool
    ) async throws -> ByteBuffer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: ByteBuffer.self)
        let patience = TimeAmount(deadline)
        let connecting = ClientBootstrap(group: loop).connectTimeout(patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AnswerCollector(answer: answer, isComplete: isComplete))
                }
            }.connect(host: "127.0.0.1", port: port)
        connecting.whenFailure { answer.fail($0) }
        let timer = loop.scheduleTask(in: patience) {
            answer.fail(ClusterFailure("port \(port) does not answer within \(deadline)"))
        }
        let channel = connecting.flatMap { channel in
            channel.writeAndFlush(ByteBuffer(bytes: question)).map { channel }
        }
        answer.futureResult.whenComplete { _ in
            timer.cancel()
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        channel.whenFailure { answer.fail($0) }
        return try await answer.futureResult.get()
    }
}

private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: EventLoopPromise<ByteBuffer>
    private let isComplete: @Sendable (ByteBuffer) -> Bool
    private var collected = ByteBuffer()
    /// More than any answer that is asked for here.
    private static let maximumBytes = 1 << 20

    init(answer: EventLoopPromise<ByteBuffer>, isComplete: @escaping @Sendable (ByteBuffer) -> Bool) {
        self.answer = answer
        self.isComplete = isComplete
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        collected.writeBuffer(&buffer)
        if isComplete(collected) || collected.readableBytes > Self.maximumBytes { answer.succeed(collected) }
    }

    func channelInactive(context: ChannelHandlerContext) { answer.succeed(collected) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }
}
