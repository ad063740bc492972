package import NIOCore
import NIOPosix
import Synchronization
import TestTime

/// A WebSocket client as a test needs one: polite by default, and able to send whatever bytes it likes.
package final class SocketClient: Sendable {
    package enum Arrival: Sendable, Equatable {
        case text(String)
        case ping
        case pong
        case close(code: UInt16, reason: String)
        /// The connection is gone.
        case end
    }

    /// The answer was no upgrade.
    package struct Refused: Error, Sendable {
        package let status: Int
        package let head: String
        package let body: String
    }

    package struct Silence: Error {
        package init() {}
    }

    fileprivate struct State {
        var bytes = ByteBuffer()
        var head: String?
        var arrivals: [Arrival] = []
        var hasEnded = false
        var count = 0
    }

    /// What has come, filled by the channel.
    fileprivate final class Inbox: Sendable {
        let state = Mutex(State())
    }

    private let inbox: Inbox
    private let channel: any Channel

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Upgraded; `headers` beside those of the upgrade.
    package static func connect(
        port: Int, path: String = "/v1/chat", headers: [(String, String)] = [], host: String? = nil
    ) async throws -> SocketClient {
        let client = try await open(port: port)
        var head = "GET \(path) HTTP/1.1\r\nHost: \(host ?? "127.0.0.1:\(port)")\r\nConnection: Upgrade\r\n"
        head += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try await client.sendBytes(ByteBuffer(string: head + "\r\n"))
        try await client.awaitUpgrade()
        return client
    }

    /// A bare connection, for those who speak for themselves; `upgraded` where the server expects frames at once.
    package static func open(port: Int, upgraded: Bool = false) async throws -> SocketClient {
        let inbox = Inbox()
        if upgraded { inbox.state.withLock { $0.head = "HTTP/1.1 101 " } }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: 32 * 1024)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(inbox: inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return SocketClient(channel: channel, inbox: inbox)
    }

    /// Returns once the answer's head is there and says 101.
    package func awaitUpgrade() async throws {
        let deadline = ContinuousClock.now + .patience
        while ContinuousClock.now < deadline {
            let (head, hasEnded) = inbox.state.withLock { ($0.head, $0.hasEnded) }
            if let head {
                let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                if status == 101 { return }
                if hasEnded {
                    throw Refused(
                        status: status, head: head, body: inbox.state.withLock { String(buffer: $0.bytes) })
                }
            } else if hasEnded {
                throw Refused(status: 0, head: "", body: "")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw Silence()
    }

    /// Lets the answer that has come be over, so that the next one is read.
    package func forgetResponse() async throws {
        // Its body comes with it or right behind.
        try await Task.sleep(for: .milliseconds(100))
        inbox.state.withLock { state in
            state.head = nil
            state.bytes.clear()
        }
    }

    package var responseHead: String? { inbox.state.withLock { $0.head } }

    // MARK: - Out

    package func send(_ text: String) async throws { try await sendFrame(0x81, ByteBuffer(string: text)) }

    /// Masked, as a client must; `first` is FIN, the reserved bits and the opcode.
    package func sendFrame(_ first: UInt8, _ payload: ByteBuffer, masked: Bool = true) async throws {
        var frame = ByteBuffer()
        frame.writeInteger(first)
        let mask: UInt8 = masked ? 0x80 : 0
        switch payload.readableBytes {
        case ..<126: frame.writeInteger(UInt8(payload.readableBytes) | mask)
        case ..<65_536:
            frame.writeInteger(126 | mask)
            frame.writeInteger(UInt16(payload.readableBytes))
        default:
            frame.writeInteger(127 | mask)
            frame.writeInteger(UInt64(payload.readableBytes))
        }
        let key: [UInt8] = [7, 11, 13, 17]
        if masked {
            frame.writeBytes(key)
            frame.writeBytes(payload.readableBytesView.enumerated().map { $1 ^ key[$0 % 4] })
        } else {
            frame.writeImmutableBuffer(payload)
        }
        try await sendBytes(frame)
    }

    package func sendBytes(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    package func close(_ code: UInt16 = 1000) async throws {
        try await sendFrame(0x88, ByteBuffer(integer: code))
    }

    /// Sends no more, and says so.
    package func closeOutput() async throws { try await channel.close(mode: .output).get() }

    /// Without a word.
    package func cut() { channel.close(promise: nil) }

    package func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    package func readAgain() async throws {
        try await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }

    // MARK: - In

    /// The next frame; pings are answered by themselves and not told.
    package func next(within limit: Duration = .patience) async throws -> Arrival {
        let deadline = ContinuousClock.now + limit
        while true {
            if let arrival = take() { return arrival }
            guard ContinuousClock.now < deadline else { throw Silence() }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// What has come already, if anything.
    package func take() -> Arrival? {
        inbox.state.withLock { state in
            if !state.arrivals.isEmpty { return state.arrivals.removeFirst() }
            return state.hasEnded ? .end : nil
        }
    }

    /// The close frame, whatever comes before it; `limit` is for each frame.
    package func closing(within limit: Duration = .patience) async throws -> Arrival {
        while true {
            let arrival = try await next(within: limit)
            switch arrival {
            case .close, .end: return arrival
            default: continue
            }
        }
    }

    /// Text frames that have come in all.
    package var textCount: Int { inbox.state.withLock { $0.count } }
}

/// Collects what comes, on the channel's event loop.
private final class Reader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    typealias OutboundOut = ByteBuffer

    private let inbox: SocketClient.Inbox

    init(inbox: SocketClient.Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        let answers = inbox.state.withLock { state in
            state.bytes.writeBuffer(&bytes)
            if state.head == nil { state.readHead() }
            return state.head?.contains(" 101 ") == true ? state.readFrames() : []
        }
        for opcode in answers {
            let answer = ByteBuffer(bytes: [opcode, 0x80, 7, 11, 13, 17])
            context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.state.withLock { $0.hasEnded = true } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension SocketClient.State {
    mutating func readHead() {
        let end = Array("\r\n\r\n".utf8)
        let view = Array(bytes.readableBytesView)
        guard let start = view.indices.first(where: { view[$0...].starts(with: end) }) else { return }
        head = bytes.readString(length: start + 4)
    }

    /// What a polite client answers: the first byte of each frame.
    mutating func readFrames() -> [UInt8] {
        var answers: [UInt8] = []
        while let (opcode, payload) = frame() {
            switch opcode {
            case 0x1:
                count += 1
                arrivals.append(.text(String(buffer: payload)))
            case 0x8:
                var payload = payload
                let code = payload.readInteger(as: UInt16.self) ?? 1005
                arrivals.append(.close(code: code, reason: String(buffer: payload)))
                answers.append(0x88)
            case 0x9: answers.append(0x8A)
            case 0xA: arrivals.append(.pong)
            default: arrivals.append(.end)
            }
        }
        return answers
    }

    private mutating func frame() -> (UInt8, ByteBuffer)? {
        var reader = bytes
        guard let first = reader.readInteger(as: UInt8.self), let second = reader.readInteger(as: UInt8.self)
        else { return nil }
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let long = reader.readInteger(as: UInt16.self) else { return nil }
            length = Int(long)
        } else if length == 127 {
            guard let long = reader.readInteger(as: UInt64.self) else { return nil }
            length = Int(long)
        }
        guard let payload = reader.readSlice(length: length) else { return nil }
        bytes = reader
        return (first & 0x0F, payload)
    }
}
