import NIOCore
import NIOPosix
import Synchronization

/// A mail server that answers by a script, however badly; it remembers what it was told.
final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        case say(String)
        /// Says nothing, for ever.
        case stall
        case hangUp
    }

    /// What to answer to a line; the letter's end is the line `.`.
    typealias Script = @Sendable (_ line: String, _ connection: Int) -> Answer

    let port: Int
    private let channel: any Channel
    private let log: Log

    final class Log: Sendable {
        let lines = Mutex<[String]>([])
        let connections = Mutex(0)
    }

    var lines: [String] { log.lines.withLock { $0 } }
    var connections: Int { log.connections.withLock { $0 } }

    private init(channel: any Channel, log: Log) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    static func with(_ script: @escaping Script, _ body: (ScriptedServer) async throws -> Void) async throws {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = log.connections.withLock { count in
                        count += 1
                        return count
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptedConnection(script, number: number, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(channel: channel, log: log)
        do {
            try await body(server)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    /// As a good server answers.
    static let good: Script = { line, _ in .say(reply(to: line)) }

    static func reply(to line: String) -> String {
        switch line.prefix(4) {
        case "": "220 ready\r\n"
        case "EHLO": "250-scripted\r\n250 SIZE 1000000\r\n"
        case "DATA": "354 go on\r\n"
        case "QUIT": "221 bye\r\n"
        default: "250 fine\r\n"
        }
    }
}

private final class ScriptedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: ScriptedServer.Script
    private let number: Int
    private let log: ScriptedServer.Log
    private var buffer: [UInt8] = []
    private var isData = false

    init(_ script: @escaping ScriptedServer.Script, number: Int, log: ScriptedServer.Log) {
        self.script = script
        self.number = number
        self.log = log
    }

    func channelActive(context: ChannelHandlerContext) { answer("", context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        buffer += Array(unwrapInboundIn(data).readableBytesView)
        while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: buffer[..<end], as: UTF8.self).filter { $0 != "\r" && $0 != "\r\n" }
            buffer.removeFirst(end + 1)
            log.lines.withLock { $0.append(line) }
            guard isData, line != "." else {
                isData = line == "DATA"
                answer(line, context)
                continue
            }
        }
    }

    private func answer(_ line: String, _ context: ChannelHandlerContext) {
        switch script(line, number) {
        case .say(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .stall: break
        case .hangUp: context.close(promise: nil)
        }
    }
}
