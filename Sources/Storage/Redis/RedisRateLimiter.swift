import Kernel

/// One budget for all processes, kept by a script that Redis runs as one step, on its own clock.
package final class RedisRateLimiter: RateLimiter {
    private let client: RedisClient
    private let prefix: String

    package init(client: RedisClient) {
        self.client = client
        prefix = client.settings.keyPrefix + "limit:"
    }

    package func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        let arguments = [
            RedisCommand.Argument.integer(Int64(max(1, limit))), .integer(max(1, period.inMicroseconds)),
        ]
        let wait = try await Self.budget.run(on: client, RedisKey(prefix, key), arguments)
        return wait > 0 ? .microseconds(wait) : nil
    }
}

extension RedisRateLimiter {
    /// A budget is "tokens microsecond": what was there, and when. It expires when it is full again, which is the
    /// same as not being there. A clock that goes backwards refills nothing.
    static let budget = RedisScript(
        """
        local limit, period = tonumber(ARGV[1]), tonumber(ARGV[2])
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local tokens = limit
        local known = redis.call('GET', KEYS[1])
        if known then
            local left, since = string.match(known, '^(%S+) (%S+)$')
            tokens = math.min(limit, left + math.max(0, now - since) * limit / period)
        end
        if tokens < 1 then return math.ceil((1 - tokens) * period / limit) + 1 end
        tokens = tokens - 1
        local lifetime = math.ceil((limit - tokens) * period / limit / 1000) + 1
        redis.call('SET', KEYS[1], string.format('%.17g %.0f', tokens, now), 'PX', lifetime)
        return 0
        """, hash: "d9dbd39a92f87caab0de3af79aaf119cfac6a303")
}

extension Duration {
    fileprivate var inMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
