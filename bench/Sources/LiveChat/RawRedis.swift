import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Two bare connections to Redis: one publishes, the other listens to the same channel.
final class RawRedis: Sendable {
    typealias Listener = @Sendable (ByteBuffer) -> Void

    private final class Ear: Sendable {
        let listener = Mutex<Listener?>(nil)
    }

    private let publisher: any Channel
    private let subscriber: any Channel
    private let ear: Ear
    private let outgoing = Mutex<[ByteBuffer]>([])
    private let topic = ByteBuffer(string: "bench-\(UUID().uuidString)")

    private init(_ publisher: any Channel, _ subscriber: any Channel, _ ear: Ear) {
        self.publisher = publisher
        self.subscriber = subscriber
        self.ear = ear
    }

    /// `redis://:password@host:port/0`.
    static func open(_ url: String, on group: MultiThreadedEventLoopGroup) async throws -> RawRedis {
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port else {
            throw RunFailure("this is no URL of Redis")
        }
        let ear = Ear()
        var channels: [any Channel] = []
        for _ in 0..<2 {
            let channel = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            Hearing { payload in ear.listener.withLock { $0 }?(payload) })
                    }
                }
                .connect(host: host, port: port).get()
            if let password = parts.password, !password.isEmpty {
                let words = ["AUTH", password].map { ByteBuffer(string: $0) }
                try await channel.writeAndFlush(RedisReply.command(words))
            }
            channels.append(channel)
        }
        return RawRedis(channels[0], channels[1], ear)
    }

    /// In the order of calls, from whatever thread: the connection's own would otherwise go before the others.
    func publish(_ payload: ByteBuffer) {
        let command = RedisReply.command([ByteBuffer(string: "PUBLISH"), topic, payload])
        let isFirst = outgoing.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        guard isFirst else { return }
        publisher.eventLoop.execute { [self] in
            let commands = outgoing.withLock { commands in
                defer { commands = [] }
                return commands
            }
            for command in commands { publisher.write(command, promise: nil) }
            publisher.flush()
        }
    }

    func subscribe(_ listener: @escaping Listener) {
        ear.listener.withLock { $0 = listener }
        let command = RedisReply.command([ByteBuffer(string: "SUBSCRIBE"), topic])
        subscriber.writeAndFlush(command, promise: nil)
    }
}

/// Reads answers; ends the connection at a failure, after which nothing is delivered, and the crowd misses it.
private final class Hearing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let heard: RawRedis.Listener
    private var bytes = ByteBuffer()

    init(_ heard: @escaping RawRedis.Listener) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = Self.unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        do {
            while let reply = try RedisReply.next(&bytes) {
                if case .failure(let text) = reply { throw RunFailure("Redis: \(text)") }
                if let payload = reply.published { heard(payload) }
            }
            bytes.discardReadBytes()
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
