import Foundation
import Kernel
import Logging
import NIOPosix

@testable import Redis

/// A part of the shared Redis server for one test.
struct RedisStage: Sendable {
    /// Nil where no server is named.
    static let url = ProcessInfo.processInfo.environment["CLOUDSTREAM_REDIS_URL"]

    let client: RedisClient

    /// Runs `test` below a prefix of its own, which is emptied behind it.
    static func run(_ test: (RedisStage) async throws -> Void) async throws {
        guard let url else { return }
        var settings = RedisSettings(url: url)
        settings.keyPrefix = "test:\(UUIDv7()):"
        settings.commandDeadline = .seconds(20)
        settings.connectDeadline = .seconds(20)
        let client = try RedisClient(
            settings: settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        let stage = RedisStage(client: client)
        do {
            try await test(stage)
        } catch {
            try await stage.end()
            throw error
        }
        try await stage.end()
    }

    private func end() async throws {
        try await forEachKey("redis.call('DEL', key)")
        await client.close()
    }

    /// The clock of the server.
    func now() async throws -> Timestamp {
        let reply = try await client.send(RedisCommand(name: "TIME", isIdempotent: true))
        guard let parts = reply.array?.compactMap({ $0.text.flatMap(Int64.init) }), parts.count == 2 else {
            throw RedisRefusal(text: "TIME was answered by \(reply)")
        }
        return Timestamp(milliseconds: parts[0] * 1000 + parts[1] / 1000)
    }

    /// Lets `span` pass for the budgets of limiters: they are as old as if they had been made so much earlier.
    func age(by span: Duration) async throws {
        let milliseconds = span.inMilliseconds
        try await forEachKey(
            """
            local tokens, at = string.match(redis.call('GET', key), '^(%S+) (%S+)$')
            local left = redis.call('PTTL', key) - \(milliseconds)
            if left <= 0 then
                redis.call('DEL', key)
            else
                local aged = string.format('%s %.0f', tokens, at - \(milliseconds)000)
                redis.call('SET', key, aged, 'PX', string.format('%.0f', left))
            end
            """)
    }

    /// Lets `span` of the lifetime of all keys pass.
    func expire(by span: Duration) async throws {
        try await forEachKey(
            "redis.call('PEXPIRE', key, redis.call('PTTL', key) - \(span.inMilliseconds))")
    }

    private func forEachKey(_ body: String) async throws {
        let script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do \(body) end"
        _ = try await client.send(
            RedisCommand(
                name: "EVAL", leading: [.text(script), .integer(0), .text(client.settings.keyPrefix + "*")]))
    }
}
