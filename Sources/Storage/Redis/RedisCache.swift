import Kernel

/// A cache that all processes share. Redis drops values by its own policy when it is full, so that `set` may fail
/// as `overloaded` where the policy is to drop nothing.
package final class RedisCache: Cache {
    private let client: RedisClient
    private let prefix: String
    private let maximumBytes: Int

    /// Keys stand below `keyPrefix` of the client's settings. Larger values than `maximumValueBytes` are not kept.
    package init(client: RedisClient) {
        self.client = client
        prefix = client.settings.keyPrefix + "cache:"
        maximumBytes = client.settings.maximumValueBytes
    }

    static let exchange = RedisScript(
        """
        local found = redis.call('GET', KEYS[1])
        if found ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
        return 1
        """, hash: "0f8704c11abce226382a6b3bfe3ba4639ebea757")

    package func get(_ key: String) async throws -> [UInt8]? {
        let command = RedisCommand(name: "GET", key: RedisKey(prefix, key), isIdempotent: true)
        switch try await client.send(command) {
        case .bytes(let value): return value
        default: return nil
        }
    }

    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        guard value.count <= maximumBytes, lifetime.inMilliseconds > 0 else { return try await remove(key) }
        _ = try await client.send(
            RedisCommand(
                name: "SET", key: RedisKey(prefix, key),
                trailing: [.bytes(value), .text("PX"), .integer(lifetime.inMilliseconds)], isIdempotent: true)
        )
    }

    package func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        guard value.count <= maximumBytes, lifetime.inMilliseconds > 0 else { return false }
        if let expected {
            let arguments: [RedisCommand.Argument] = [
                .bytes(expected), .bytes(value), .integer(lifetime.inMilliseconds),
            ]
            return try await Self.exchange.run(on: client, RedisKey(prefix, key), arguments) == 1
        }
        let reply = try await client.send(
            RedisCommand(
                name: "SET", key: RedisKey(prefix, key),
                trailing: [.bytes(value), .text("PX"), .integer(lifetime.inMilliseconds), .text("NX")]))
        return reply != .null
    }

    package func remove(_ key: String) async throws {
        _ = try await client.send(RedisCommand(name: "DEL", key: RedisKey(prefix, key), isIdempotent: true))
    }
}
