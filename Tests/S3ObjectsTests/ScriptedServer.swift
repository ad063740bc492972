import AsyncHTTPClient
import Foundation
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import S3Objects
import Synchronization

/// An HTTP server on loopback whose answers the test gives, one request at a time or many.
final class ScriptedServer: Sendable {
    struct Asked: Sendable {
        let method: String
        let uri: String
        let headers: HTTPHeaders
        let body: ByteBuffer

        /// `/bucket/a/b` -> `a/b`
        var key: String {
            let path = uri.split(separator: "?", omittingEmptySubsequences: false).first ?? ""
            return path.split(separator: "/").dropFirst().joined(separator: "/")
        }
        var text: String { String(buffer: body) }
    }

    enum Answer: Sendable {
        case reply(Int, [(String, String)] = [], String = "")
        /// The first bytes of a body of `length`, and then the end of the connection, or nothing any more.
        case part([(String, String)], String, length: Int, closes: Bool)
        case silence
        case hangUp
    }

    typealias Script = @Sendable (_ asked: Asked, _ number: Int) -> Answer

    private let script: Script
    private let requests = Mutex<[Asked]>([])

    private init(_ script: @escaping Script) { self.script = script }

    /// All that was asked for, in order.
    var asked: [Asked] { requests.withLock { $0 } }

    fileprivate func answer(_ asked: Asked) -> Answer {
        let number = requests.withLock { requests in
            requests.append(asked)
            return requests.count
        }
        return script(asked, number)
    }

    /// Settings of stores over it, other than the usual.
    static func adjusted(_ adjust: (inout S3ObjectStore.Settings) -> Void) -> Stage {
        var stage = Stage()
        adjust(&stage.settings)
        return stage
    }

    /// A store over a server that does as `script` says.
    static func run(
        _ script: @escaping Script, test: (S3ObjectStore, ScriptedServer) async throws -> Void
    ) async throws {
        try await Stage().run(script, test: test)
    }

    struct Stage {
        /// Its endpoint is the server's unless it is set.
        var settings = S3ObjectStore.Settings.sample

        func run(
            _ script: @escaping Script, test: (S3ObjectStore, ScriptedServer) async throws -> Void
        ) async throws {
            let server = ScriptedServer(script)
            let channel = try await server.listen()
            do {
                var settings = settings
                if settings.endpoint.isEmpty {
                    settings.endpoint = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
                }
                let store = try S3ObjectStore(
                    settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: .silent)
                do {
                    try await test(store, server)
                } catch {
                    await store.close()
                    throw error
                }
                await store.close()
            } catch {
                try await channel.close()
                throw error
            }
            try await channel.close()
        }
    }

    private func listen() async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}

extension S3ObjectStore.Settings {
    static var sample: Self {
        var settings = Self(
            endpoint: "", region: "us-east-1", bucket: "bucket",
            credentials: S3Credentials(accessKey: "AKIATEST", secretKey: "secretsecret"))
        settings.requestDeadline = .seconds(60)
        settings.attempts = 3
        return settings
    }
}

extension Logger {
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ScriptedServer
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ server: ScriptedServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let asked = ScriptedServer.Asked(
                method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body)
            send(server.answer(asked), to: head, context)
        }
    }

    private func send(
        _ answer: ScriptedServer.Answer, to head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        switch answer {
        case .silence: return
        case .hangUp: context.close(promise: nil)
        case .reply(let status, let headers, let text):
            let length = headers.contains { $0.0 == "Content-Length" } ? nil : text.utf8.count
            write(status, headers, length, head.method == .HEAD ? "" : text, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .part(let headers, let text, let length, let closes):
            write(200, headers, length, text, context)
            context.flush()
            if closes { context.close(promise: nil) }
        }
    }

    private func write(
        _ status: Int, _ headers: [(String, String)], _ length: Int?, _ text: String,
        _ context: ChannelHandlerContext
    ) {
        var fields = HTTPHeaders(headers)
        if let length { fields.replaceOrAdd(name: "Content-Length", value: String(length)) }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !text.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }
}

/// The failure that `body` throws; nil if it throws none.
func failure(_ body: () async throws -> Void) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? Failure ?? Failure(.internal, "not a Failure: \(error)", "")
    }
}

extension Failure? {
    /// What the log says of it.
    var reason: String { self.map { "\($0)" } ?? "" }
}

/// A body in given chunks.
struct GivenBody: AsyncSequence, Sendable {
    typealias Failure = any Error

    let chunk: @Sendable (_ index: Int) async throws -> ByteBuffer?

    init(_ text: String) { chunk = { $0 == 0 ? ByteBuffer(string: text) : nil } }

    init(_ chunk: @escaping @Sendable (Int) async throws -> ByteBuffer?) { self.chunk = chunk }

    struct AsyncIterator: AsyncIteratorProtocol {
        let chunk: @Sendable (Int) async throws -> ByteBuffer?
        var index = 0

        mutating func next() async throws -> ByteBuffer? {
            defer { index += 1 }
            return try await chunk(index)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunk: chunk) }
}

extension S3ObjectStore {
    func put(_ key: String, _ text: String) async throws -> ObjectStat {
        try await put(key, body: GivenBody(text), length: Int64(text.utf8.count), contentType: "text/plain")
    }

    func text(_ key: String, _ range: ByteRange? = nil) async throws -> String? {
        guard let object = try await get(key, range: range) else { return nil }
        var bytes = ByteBuffer()
        for try await var chunk in object.body { bytes.writeBuffer(&chunk) }
        return String(buffer: bytes)
    }
}

/// A folder that goes with the test.
func withFolder(_ test: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "s3-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // What cannot be removed is the machine's to sweep.
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await test(folder)
}
