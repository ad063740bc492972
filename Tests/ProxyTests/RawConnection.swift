import NIOCore
import NIOPosix
import Synchronization

/// A connection of a client that writes what it is told, byte by byte, and reads when it is told.
final class RawConnection: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private let channel: any Channel
    private let state: SharedBytes

    init(port: Int) async throws {
        let state = SharedBytes()
        self.state = state
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CollectingHandler(state: state))
                }
            }.connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) async throws { try await send(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes).get() }

    /// All that has come so far.
    var text: String { String(decoding: state.bytes, as: UTF8.self) }
    var count: Int { state.bytes.count }
    var isClosed: Bool { state.isClosed }

    /// Waits until `mark` has come or the connection has ended; then all that has come, which is forgotten.
    func read(until mark: String, within limit: Duration = .seconds(60)) async throws -> String {
        let end = ContinuousClock.now + limit
        while !text.contains(mark), !isClosed, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(2))
        }
        return String(decoding: state.take(), as: UTF8.self)
    }

    /// Waits for the end of the connection.
    func readToEnd(within limit: Duration = .seconds(60)) async throws -> String {
        let end = ContinuousClock.now + limit
        while !isClosed, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(2)) }
        return String(decoding: state.take(), as: UTF8.self)
    }

    func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    func close() async {
        // It may have ended already.
        try? await channel.close().get()
    }
}

final class SharedBytes: Sendable {
    private let state = Mutex((bytes: [UInt8](), isClosed: false))

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func add(_ more: ByteBuffer) { state.withLock { $0.bytes += more.readableBytesView } }

    func close() { state.withLock { $0.isClosed = true } }

    func take() -> [UInt8] {
        state.withLock { state in
            defer { state.bytes = [] }
            return state.bytes
        }
    }
}

private final class CollectingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let state: SharedBytes

    init(state: SharedBytes) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { state.add(Self.unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { state.close() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        state.close()
        context.close(promise: nil)
    }
}
