import Kernel
import Testing

/// What every `RateLimiter` promises.
@Suite struct RateLimiterContract {
    private static let minute = Duration.seconds(60)

    @Test(arguments: RateLimiterAdapter.all)
    func `a budget holds its limit, then tells how long until there is more`(_ adapter: RateLimiterAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            for _ in 0..<6 { #expect(try await stage.limiter.take("k", limit: 6, per: Self.minute) == nil) }
            let wait = try #require(try await stage.limiter.take("k", limit: 6, per: Self.minute))
            #expect(wait > (stage.clockRuns ? .zero : .seconds(9)) && wait <= .seconds(10))
            #expect(try await stage.limiter.take("other", limit: 6, per: Self.minute) == nil)
        }
    }

    @Test(arguments: RateLimiterAdapter.all)
    func `a budget refills evenly, and never above its limit`(_ adapter: RateLimiterAdapter) async throws {
        try await adapter.run { stage async throws in
            for _ in 0..<6 { _ = try await stage.limiter.take("k", limit: 6, per: Self.minute) }
            for _ in 0..<3 {
                try await stage.pass(.milliseconds(10_001))
                #expect(try await stage.limiter.take("k", limit: 6, per: Self.minute) == nil)
                #expect(try await stage.limiter.take("k", limit: 6, per: Self.minute) != nil)
            }
            try await stage.pass(.seconds(86_400))
            var taken = 0
            while try await stage.limiter.take("k", limit: 6, per: Self.minute) == nil { taken += 1 }
            #expect(taken == 6)
        }
    }

    @Test(arguments: RateLimiterAdapter.all)
    func `a refused call takes nothing`(_ adapter: RateLimiterAdapter) async throws {
        try await adapter.run { stage async throws in
            _ = try await stage.limiter.take("k", limit: 1, per: Self.minute)
            for _ in 0..<100 { #expect(try await stage.limiter.take("k", limit: 1, per: Self.minute) != nil) }
            try await stage.pass(.milliseconds(60_001))
            #expect(try await stage.limiter.take("k", limit: 1, per: Self.minute) == nil)
        }
    }

    @Test(arguments: RateLimiterAdapter.all)
    func `after the told time there is one, whatever limit and period`(_ adapter: RateLimiterAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            for limit in 1...60 {
                for seconds in [1, 7, 49, 60, 3_600] {
                    let (key, period) = ("\(limit)/\(seconds)", Duration.seconds(seconds))
                    let begin = try await stage.now()
                    for _ in 0..<limit { _ = try await stage.limiter.take(key, limit: limit, per: period) }
                    var told = try await stage.limiter.take(key, limit: limit, per: period)
                    // A clock that runs by itself refills a budget while it is drawn upon.
                    for _ in 0..<limit where told == nil && stage.clockRuns {
                        told = try await stage.limiter.take(key, limit: limit, per: period)
                    }
                    // More than twice the limit is had only where a whole period passed meanwhile, on a machine that
                    // stood still or a clock that was set.
                    if told == nil, try await stage.now() - begin > period { continue }
                    let wait = try #require(told, "\(key)")
                    #expect(wait > .zero && wait <= period + .milliseconds(1))
                    // Clocks count milliseconds; clients are told whole seconds, rounded up.
                    let rounded = Duration.milliseconds(Int64((wait.inSeconds * 1000).rounded(.up)))
                    try await stage.pass(rounded)
                    #expect(try await stage.limiter.take(key, limit: limit, per: period) == nil, "\(key)")
                }
            }
        }
    }

    @Test(arguments: RateLimiterAdapter.all)
    func `racing callers never take more than there is`(_ adapter: RateLimiterAdapter) async throws {
        try await adapter.run { stage async throws in
            for round in 0..<20 {
                let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<40 {
                        group.addTask {
                            try await stage.limiter.take("\(round)", limit: 7, per: Self.minute) == nil
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(taken == 7)
            }
        }
    }

    @Test(arguments: RateLimiterAdapter.all)
    func `all who use the same limiter share its budgets`(_ adapter: RateLimiterAdapter) async throws {
        try await adapter.run { stage async throws in
            let other = stage.limiter
            #expect(try await stage.limiter.take("k", limit: 2, per: Self.minute) == nil)
            #expect(try await other.take("k", limit: 2, per: Self.minute) == nil)
            #expect(try await stage.limiter.take("k", limit: 2, per: Self.minute) != nil)
            #expect(try await other.take("k", limit: 2, per: Self.minute) != nil)
        }
    }
}
