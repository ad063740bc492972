import NIOCore
import NIOPosix
import Synchronization

/// A proxy before a server, whose line can be cut, held and garbled.
final class FaultyLine: Sendable {
    /// What becomes of bytes from the server.
    enum Course: Sendable {
        case pass
        /// After that many more bytes both ends see their connection closed.
        case cut(afterBytes: Int)
        /// Nothing more arrives, though nothing is closed.
        case hold
        /// Stands in for whatever comes next; then all passes.
        case replace(with: String)
    }

    let serverPort: Int
    private let listener = Mutex<(any Channel)?>(nil)
    private let course = Mutex(Course.pass)
    private let clients = Mutex<[any Channel]>([])
    private let accepted = Atomic<Int>(0)

    private init(to port: Int) { serverPort = port }

    var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }
    /// Connections made so far.
    var connectionCount: Int { accepted.load(ordering: .relaxed) }

    func set(_ course: Course) { self.course.withLock { $0 = course } }

    /// Closes all connections.
    func cut() {
        for client in clients.withLock({ $0 }) { client.close(promise: nil) }
    }

    static func run(to port: Int, _ test: (FaultyLine) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let line = FaultyLine(to: port)
        let server = try await ServerBootstrap(group: group).childChannelInitializer { client in
            line.add(client)
            return client.eventLoop.makeCompletedFuture {
                try client.pipeline.syncOperations.addHandler(ClientEnd(line))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        line.listener.withLock { $0 = server }
        do {
            try await test(line)
        } catch {
            try await line.end()
            throw error
        }
        try await line.end()
    }

    private func end() async throws {
        cut()
        try await listener.withLock { $0 }?.close()
    }

    private func add(_ client: any Channel) {
        accepted.add(1, ordering: .relaxed)
        clients.withLock { $0.append(client) }
    }

    /// What goes on, and whether the connection ends behind it.
    func course(_ bytes: ByteBuffer) -> (ByteBuffer?, Bool) {
        course.withLock { course in
            switch course {
            case .pass: return (bytes, false)
            case .hold: return (nil, false)
            case .replace(let text):
                course = .pass
                return (ByteBuffer(string: text), false)
            case .cut(let left):
                guard bytes.readableBytes >= left else {
                    course = .cut(afterBytes: left - bytes.readableBytes)
                    return (bytes, false)
                }
                course = .pass
                return (bytes.getSlice(at: bytes.readerIndex, length: left), true)
            }
        }
    }
}

/// Passes on what the client sends, once the way to the server is open.
private final class ClientEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let line: FaultyLine
    private var server: EventLoopFuture<any Channel>?

    init(_ line: FaultyLine) { self.line = line }

    func channelActive(context: ChannelHandlerContext) {
        let (line, client) = (line, context.channel)
        server = ClientBootstrap(group: context.eventLoop).channelInitializer { server in
            server.eventLoop.makeCompletedFuture {
                try server.pipeline.syncOperations.addHandler(ServerEnd(line, client))
            }
        }.connect(host: "127.0.0.1", port: line.serverPort)
        server?.whenFailure { _ in client.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        server?.whenSuccess { $0.writeAndFlush(bytes, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        server?.whenSuccess { $0.close(promise: nil) }
    }
}

private final class ServerEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let line: FaultyLine
    private let client: any Channel
    private var hasCut = false

    init(_ line: FaultyLine, _ client: any Channel) {
        self.line = line
        self.client = client
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What still comes behind a cut is no reply of its own.
        guard !hasCut else { return }
        let (bytes, isEnd) = line.course(unwrapInboundIn(data))
        hasCut = isEnd
        if let bytes { client.writeAndFlush(bytes, promise: nil) }
        if isEnd { client.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
}
