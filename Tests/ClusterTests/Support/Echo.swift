import NIOCore
import NIOPosix
import Synchronization

@testable import Cluster

/// A server that says what it hears.
struct Echo {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    static func start() async throws -> Echo {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EchoHandler())
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        return Echo(channel: channel)
    }

    func stop() async throws { try await channel.close() }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Talks to an echo, with deadlines.
final class EchoClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var error: (any Error)?
        var isOver = false
    }

    struct Late: Error {}
    struct Ended: Error {}

    private let channel: any Channel
    private let state: Inbox

    /// What arrived, for the test's side to look at.
    private final class Inbox: Sendable {
        let state = Mutex(State())
    }

    private init(_ channel: any Channel, _ state: Inbox) {
        self.channel = channel
        self.state = state
    }

    static func connect(_ port: Int) async throws -> EchoClient {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(inbox))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        return EchoClient(channel, inbox)
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func finish() async throws { try await channel.close(mode: .output) }

    func close() async throws { try await channel.close() }

    var received: Int {
        get async throws { state.state.withLock { $0.bytes.count } + taken.withLock { $0 } }
    }

    private let taken = Mutex(0)

    /// The next bytes. Throws when the connection ends first.
    func receive(_ count: Int) async throws -> [UInt8] {
        try await wait { state in
            guard state.bytes.count >= count else {
                if state.isOver { throw state.error ?? Ended() }
                return nil
            }
            let bytes = Array(state.bytes.prefix(count))
            state.bytes.removeFirst(count)
            self.taken.withLock { $0 += count }
            return bytes
        }
    }

    func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await send(bytes)
        return try await receive(bytes.count)
    }

    /// Throws when the connection was reset rather than ended.
    func waitForEnd() async throws {
        _ = try await wait { state in
            if let error = state.error { throw error }
            return state.isOver ? true : nil
        }
    }

    /// Throws when it is not the same that comes back.
    func timeOfExchange(_ bytes: [UInt8]) async throws -> Duration {
        let begin = ContinuousClock.now
        guard try await exchange(bytes) == bytes else { throw Ended() }
        return ContinuousClock.now - begin
    }

    private func wait<Value: Sendable>(_ look: (inout State) throws -> Value?) async throws -> Value {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            let value = try state.state.withLock { state in try look(&state) }
            if let value { return value }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Late()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let inbox: Inbox

        init(_ inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            inbox.state.withLock { $0.bytes += buffer.readableBytesView }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { inbox.state.withLock { $0.isOver = true } }
        }

        func channelInactive(context: ChannelHandlerContext) { inbox.state.withLock { $0.isOver = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbox.state.withLock {
                $0.error = error
                $0.isOver = true
            }
            context.close(promise: nil)
        }
    }
}
