import Kernel
import Memory
import Resilience
import Testing

@testable import Redis

/// That a process goes on without its Redis, and with it again.
@Suite(
    .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"),
    .timeLimit(.minutes(5)))
struct RedisFallbackTests {
    @Test(arguments: [false, true])
    func `without Redis all goes on, quickly and within bounds`(_ isPaused: Bool) async throws {
        try await withServer { server in
            var settings = server.settings
            settings.commandDeadline = .seconds(1)
            settings.connectDeadline = .seconds(1)
            try await withClient(settings) { client async throws in
                #expect(try await eventually { await answers(client) })
                var fallback = FallbackSwitch.Settings()
                fallback.breaker.open = Backoff(first: .milliseconds(200), maximum: .milliseconds(200))
                let choice = FallbackSwitch("redis", settings: fallback)
                let cache = FallbackCache(
                    RedisCache(client: client), local: MemoryCache(maximumEntries: 100, maximumBytes: 10_000),
                    by: choice)
                let limiter = FallbackRateLimiter(
                    RedisRateLimiter(client: client), local: MemoryRateLimiter(maximumKeys: 100), by: choice)
                #expect(
                    try await eventually {
                        try await cache.set("k", [1], lifetime: .seconds(60))
                        return choice.degradation == nil
                    })
                if isPaused { server.pause() } else { await server.stop() }
                #expect(
                    try await eventually {
                        _ = try await cache.get("k"); return choice.degradation != nil
                    })
                let elapsed = try await ContinuousClock().measure {
                    for number in 0..<500 {
                        try await cache.set("\(number)", [2], lifetime: .seconds(60))
                        #expect(try await cache.get("\(number)") == [2])
                    }
                    #expect(try await limiter.take("l", limit: 1, per: .seconds(60)) == nil)
                    #expect(try await limiter.take("l", limit: 1, per: .seconds(60)) != nil)
                }
                #expect(elapsed < .seconds(10))
                #expect(choice.degradation?.dependency == "redis")
                if isPaused { server.resume() } else { try await server.launch() }
                #expect(
                    try await eventually {
                        try await cache.set("again", [3], lifetime: .seconds(60))
                        return choice.degradation == nil
                    })
                #expect(try await RedisCache(client: client).get("again") == [3])
            }
        }
    }
}
