import NIOCore
import NIOPosix
import Synchronization

/// A server for names over UDP that knows a few addresses.
final class TestNameServer: Sendable {
    enum Mood: Sendable { case answering, failing, silent }

    fileprivate struct State {
        var addresses: [String: [String]]
        var mood = Mood.answering
    }

    private let channel: any Channel
    private let state: SharedState

    private init(channel: any Channel, state: SharedState) {
        self.channel = channel
        self.state = state
    }

    static func start(_ addresses: [String: [String]]) async throws -> TestNameServer {
        let state = SharedState(State(addresses: addresses))
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NameHandler(state: state))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        return TestNameServer(channel: channel, state: state)
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func set(_ addresses: [String: [String]]) { state.value.withLock { $0.addresses = addresses } }

    func set(_ mood: Mood) { state.value.withLock { $0.mood = mood } }

    func stop() async throws { try await channel.close().get() }

    fileprivate final class SharedState: Sendable {
        let value: Mutex<State>

        init(_ state: State) { value = Mutex(state) }
    }
}

/// Answers questions for A with what is known, and others with nothing.
private final class NameHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let state: TestNameServer.SharedState

    init(state: TestNameServer.SharedState) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = Self.unwrapInboundIn(data)
        guard let answer = answer(envelope.data) else { return }
        context.writeAndFlush(
            Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: answer)),
            promise: nil)
    }

    private func answer(_ query: ByteBuffer) -> ByteBuffer? {
        var query = query
        guard let id = query.readInteger(as: UInt16.self), query.readSlice(length: 10) != nil else {
            return nil
        }
        let question = query
        var labels: [String] = []
        while let length = query.readInteger(as: UInt8.self), length > 0 {
            guard let label = query.readString(length: Int(length)) else { return nil }
            labels.append(label.lowercased())
        }
        guard let type = query.readInteger(as: UInt16.self), query.readInteger(as: UInt16.self) == 1 else {
            return nil
        }
        let length = question.readableBytes - query.readableBytes
        let (addresses, mood) = state.value.withLock {
            ($0.addresses[labels.joined(separator: ".")], $0.mood)
        }
        let found = type == 1 ? addresses ?? [] : []
        // A response, recursion possible; then whether it went well, failed (2), or there is no such name (3).
        let code: UInt16 = mood == .failing ? 2 : addresses == nil ? 3 : 0
        var answer = ByteBuffer()
        answer.writeMultipleIntegers(id, 0x8180 | code, UInt16(1), UInt16(found.count), UInt16(0), UInt16(0))
        answer.writeImmutableBuffer(
            question.getSlice(at: question.readerIndex, length: length) ?? ByteBuffer())
        for address in found {
            // The name of the question again, an address, for 5 s.
            answer.writeMultipleIntegers(UInt16(0xC00C), UInt16(1), UInt16(1), UInt32(5), UInt16(4))
            answer.writeBytes(address.split(separator: ".").compactMap { UInt8($0) })
        }
        return mood == .silent ? nil : answer
    }
}
