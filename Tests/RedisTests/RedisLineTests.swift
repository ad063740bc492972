import Kernel
import NIOCore
import NIOPosix
import Synchronization
import TestTime
import Testing

@testable import Redis

/// Callers that send and receive by themselves, with a real server.
@Suite(
    .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(5)))
struct RedisLineTests {
    private func withLine(
        _ test: (FaultyLine, RedisClient) async throws -> Void
    ) async throws {
        try await withServer { server async throws in
            try await FaultyLine.run(to: server.port) { line async throws in
                var settings = RedisSettings(url: "redis://127.0.0.1:\(line.port)")
                settings.commandDeadline = .seconds(20)
                settings.maximumInFlight = 200
                settings.reconnect = Backoff(first: .milliseconds(10), maximum: .milliseconds(100))
                try await withClient(settings) { client async throws in
                    try await client.ping()
                    try await Task.sleep(for: .milliseconds(20))
                    try await test(line, client)
                }
            }
        }
    }

    @Test func `a connection that ends while nobody uses it is replaced before somebody does`() async throws {
        try await withLine { line, client async throws in
            let cache = RedisCache(client: client)
            for round in 1...3 {
                line.cut()
                #expect(try await eventually { line.connectionCount == round + 1 })
                // Not to be repeated, so that it would fail on a connection that is gone.
                #expect(try await cache.setIfAbsent("\(round)", [1], lifetime: .seconds(60)))
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func `a server that ends each connection behind the login is asked again and again`() async throws {
        let accepted = Atomic<Int>(0)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { client in
                // Each a little later than the one before, so that every moment of the next end's start is met.
                let number = accepted.add(1, ordering: .relaxed).newValue
                return client.eventLoop.makeCompletedFuture {
                    try client.pipeline.syncOperations.addHandler(
                        BriefServer(life: .microseconds(Int64(number % 250))))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        var settings = RedisSettings(url: "redis://127.0.0.1:\(try #require(server.localAddress?.port))")
        settings.reconnect = Backoff(first: .milliseconds(1), maximum: .milliseconds(1))
        try await withClient(settings) { client async throws in
            _ = await failure { try await client.ping() }
            #expect(try await eventually(within: .patience) { accepted.load(ordering: .relaxed) > 500 })
        }
        try await server.close()
    }

    @Test func `commands and replies larger than the socket takes at once pass, many at a time`() async throws
    {
        try await withLine { _, client async throws in
            let cache = RedisCache(client: client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for round in 0..<4 {
                            let size = (task + 1) * 50_000 + round
                            let value = [UInt8](repeating: UInt8(task * 4 + round), count: size)
                            try await cache.set("\(task)", value, lifetime: .seconds(60))
                            #expect(try await cache.get("\(task)") == value)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `who is cancelled leaves no place behind, and takes nobody's reply`() async throws {
        try await withLine { _, client async throws in
            let cache = RedisCache(client: client)
            for number in 0..<8 { try await cache.set("\(number)", [UInt8(number)], lifetime: .seconds(60)) }
            // Ten times as many as there are places.
            for _ in 0..<20 {
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<100 {
                        group.addTask {
                            let task = Task { try await cache.get("\(number % 8)") }
                            if number % 2 == 0 { task.cancel() }
                            switch await task.result {
                            case .success(let value): #expect(value == [UInt8(number % 8)])
                            case .failure(let error):
                                #expect(Failure.wrapping(error).code == "cancelled")
                                #expect(number % 2 == 0)
                            }
                        }
                    }
                }
            }
            try await client.ping()
        }
    }

    @Test func `a server slower than anybody looks is waited for by the thread`() async throws {
        try await withServer { server async throws in
            try await withClient(server.settings) { client async throws in
                let key = RedisKey("", "n")
                for pause in [1, 5, 50, 300] {
                    let count = pause == 1 ? 20 : 2
                    for _ in 0..<count {
                        server.pause()
                        async let number = client.send(RedisCommand(name: "INCR", key: key))
                        try await Task.sleep(for: .milliseconds(pause))
                        server.resume()
                        #expect(try await number.integer != nil)
                    }
                }
                #expect(
                    try await client.send(RedisCommand(name: "GET", key: key)) == .bytes(Array("26".utf8)))
            }
        }
    }
}

/// Lets anybody log in, and ends the connection a moment later.
private final class BriefServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let life: TimeAmount

    init(life: TimeAmount) { self.life = life }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let replies = ByteBuffer(string: "*1\r\n$6\r\nmaster\r\n+PONG\r\n+OK\r\n")
        context.writeAndFlush(NIOAny(replies), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: life) { context.close(promise: nil) }
    }
}
