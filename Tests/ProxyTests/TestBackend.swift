import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An instance that does as a test wants, by the path of each request.
final class TestBackend: Sendable {
    struct Received: Sendable {
        let head: HTTPRequestHead
        let bodyBytes: Int
    }

    private struct State {
        var received: [Received] = []
        var connections = 0
        var gone = 0
        var isReady = true
        var isHolding = false
        var held: [@Sendable () -> Void] = []
        var cuts = 0
    }

    let name: String
    let port: Int
    private let listener: any Channel
    private let children = Mutex<[any Channel]>([])
    private let state = Mutex(State())

    static func start(_ name: String, port: Int = 0) async throws -> TestBackend {
        let box = Later<TestBackend>()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let sync = channel.pipeline.syncOperations
                    try sync.addHandlers(
                        HTTPResponseEncoder(),
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
                    if let backend = box.value {
                        backend.children.withLock { $0.append(channel) }
                        backend.note { $0.connections += 1 }
                        try sync.addHandler(BackendHandler(backend: backend))
                    }
                }
            }.bind(host: "127.0.0.1", port: port).get()
        let backend = TestBackend(name: name, listener: listener)
        box.value = backend
        return backend
    }

    private init(name: String, listener: any Channel) {
        self.name = name
        self.listener = listener
        port = listener.localAddress?.port ?? 0
    }

    var instance: Instance { instance(.ready) }

    func instance(_ state: Instance.State) -> Instance {
        Instance(id: name, role: "api", address: .init(host: "127.0.0.1", port: port), state: state)
    }

    var received: [Received] { state.withLock { $0.received.filter { $0.head.uri != "/readyz" } } }
    var connections: Int { state.withLock { $0.connections } }
    /// Connections that ended.
    var gone: Int { state.withLock { $0.gone } }
    var isReady: Bool {
        get { state.withLock { $0.isReady } }
        set { state.withLock { $0.isReady = newValue } }
    }
    /// Answers, and each event of a stream of them, wait until they are released.
    var isHolding: Bool {
        get { state.withLock { $0.isHolding } }
        set { state.withLock { $0.isHolding = newValue } }
    }

    /// Lets go what is held.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for body in held { body() }
    }

    /// Runs `body` now, or once it is released.
    func pass(_ body: @escaping @Sendable () -> Void) {
        let isHeld = state.withLock { state in
            if state.isHolding { state.held.append(body) }
            return state.isHolding
        }
        if !isHeld { body() }
    }

    func note(_ received: Received) { note { $0.received.append(received) } }

    func noteGone() { note { $0.gone += 1 } }

    /// So many of the next requests are cut before their answer.
    func cutNext(_ count: Int) { note { $0.cuts = count } }

    func takesCut() -> Bool {
        state.withLock { state in
            guard state.cuts > 0 else { return false }
            state.cuts -= 1
            return true
        }
    }

    private func note(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// Refuses connections from now on, and breaks off those that there are.
    func kill() async throws {
        try await listener.close().get()
        // Some have ended already.
        for child in children.withLock({ $0 }) { try? await child.close().get() }
    }
}

/// A place for a value that comes later.
final class Later<Value: Sendable>: Sendable {
    private let stored = Mutex<Value?>(nil)

    var value: Value? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}

private final class BackendHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let backend: TestBackend
    private var head: HTTPRequestHead?
    private var bytes = 0
    private var isEcho = false

    init(backend: TestBackend) { self.backend = backend }

    func channelInactive(context: ChannelHandlerContext) { backend.noteGone() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            bytes = 0
            if head.uri == "/early" { respond(context, .payloadTooLarge, "no") }
        case .body(let part): bytes += part.readableBytes
        case .end:
            guard let head else { return }
            self.head = nil
            let count = bytes
            if head.uri == "/readyz" {
                answer(context, head, count)
            } else {
                later(context) { handler, context in handler.answer(context, head, count) }
            }
            // Last: who sees it here may release it.
            backend.note(.init(head: head, bodyBytes: count))
        }
    }

    private func later(
        _ context: ChannelHandlerContext,
        _ body: @escaping @Sendable (BackendHandler, ChannelHandlerContext) -> Void
    ) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        backend.pass {
            loop.execute {
                let (handler, context) = bound.value
                if context.channel.isActive { body(handler, context) }
            }
        }
    }

    private func answer(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ count: Int) {
        if head.uri != "/readyz", backend.takesCut() { return context.close(promise: nil) }
        switch head.uri {
        case "/readyz": respond(context, backend.isReady ? .ok : .serviceUnavailable, "")
        case "/early", "/hang": break
        case "/count": respond(context, .ok, "\(count)")
        case "/half":
            write(context, .ok, ["Content-Length": "100"])
            context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "half")))))
                .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        case "/close":
            write(context, .ok, ["Connection": "close"])
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "bye")))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        case "/events": events(context, left: 3)
        case "/large": large(context)
        case "/socket": upgrade(context)
        default: respond(context, .ok, backend.name)
        }
    }

    private func write(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: HTTPHeaders)
    {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    }

    private func respond(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ text: String) {
        write(context, status, ["Content-Length": "\(text.utf8.count)"])
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func events(_ context: ChannelHandlerContext, left: Int) {
        if left == 3 { write(context, .ok, ["Content-Type": "text/event-stream"]) }
        guard left > 0 else { return context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil) }
        // Before it is sent: who reads it may release the next.
        later(context) { handler, context in handler.events(context, left: left - 1) }
        let text = "data: \(left)\n\n"
        context.writeAndFlush(
            Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }

    private func large(_ context: ChannelHandlerContext) {
        let part = ByteBuffer(repeating: 0x78, count: 1 << 20)
        write(context, .ok, ["Content-Length": "\(32 << 20)"])
        for _ in 0..<32 { context.write(Self.wrapOutboundOut(.body(.byteBuffer(part))), promise: nil) }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Sends raw bytes back from then on; the first come with the head of the answer.
    private func upgrade(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        write(context, .switchingProtocols, ["Connection": "Upgrade", "Upgrade": "websocket"])
        do {
            let encoder = pipeline.removeHandler(try pipeline.handler(type: HTTPResponseEncoder.self))
            try pipeline.addHandler(EchoHandler())
            pipeline.removeHandler(self).whenFailure { _ in }
            let decoder = pipeline.removeHandler(
                try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self))
            let channel = context.channel
            EventLoopFuture.whenAllComplete([encoder, decoder], on: context.eventLoop).whenSuccess { _ in
                channel.writeAndFlush(ByteBuffer(string: "hello"), promise: nil)
            }
        } catch {
            context.close(promise: nil)
        }
    }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }
}
