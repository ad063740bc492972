import Kernel
import Memory
import TestDatabase
import Testing

/// What the limiter in memory does at its bound.
@Suite struct RateLimiterBounds {
    @Test func `full budgets make room, others are kept and newcomers refused`() async throws {
        let clock = ManualClock()
        let limiter = MemoryRateLimiter(maximumKeys: 3) { clock.now }
        for key in ["a", "b", "c"] {
            #expect(try await limiter.take(key, limit: 1, per: .seconds(60)) == nil)
        }
        #expect(
            await failureCode { _ = try await limiter.take("d", limit: 1, per: .seconds(60)) } == "overloaded"
        )
        #expect(try await limiter.take("a", limit: 1, per: .seconds(60)) != nil)
        clock.advance(by: .seconds(61))
        #expect(try await limiter.take("d", limit: 1, per: .seconds(60)) == nil)
        #expect(try await limiter.take("a", limit: 1, per: .seconds(60)) == nil)
    }

    @Test func `a clock that goes backwards gives nothing away and takes nothing`() async throws {
        let clock = ManualClock()
        let limiter = MemoryRateLimiter { clock.now }
        #expect(try await limiter.take("k", limit: 2, per: .seconds(60)) == nil)
        clock.advance(by: .seconds(-3_600))
        #expect(try await limiter.take("k", limit: 2, per: .seconds(60)) == nil)
        #expect(try await limiter.take("k", limit: 2, per: .seconds(60)) != nil)
    }
}
