import Kernel
import Memory
import Redis
import TestDatabase
import Testing

/// Where a contract test of `RateLimiter` plays: full budgets, and time that it can let pass.
struct RateLimiterStage: Sendable {
    let limiter: any RateLimiter
    /// Whether time also passes by itself.
    var clockRuns = false
    /// The clock that budgets are kept by.
    let now: @Sendable () async throws -> Timestamp
    let pass: @Sendable (Duration) async throws -> Void
}

/// An adapter under the contract.
struct RateLimiterAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (RateLimiterStage) async throws -> Void) async throws -> Void

    static let all = RedisStage.url == nil ? [memory] : [memory, redis]

    private static let memory = RateLimiterAdapter(testDescription: "memory") { test in
        let clock = ManualClock()
        let limiter = MemoryRateLimiter { clock.now }
        try await test(RateLimiterStage(limiter: limiter, now: { clock.now }) { clock.advance(by: $0) })
    }

    private static let redis = RateLimiterAdapter(testDescription: "redis") { test in
        try await RedisStage.run { stage in
            try await test(
                RateLimiterStage(
                    limiter: RedisRateLimiter(client: stage.client), clockRuns: true, now: stage.now
                ) {
                    try await stage.age(by: $0)
                })
        }
    }
}
