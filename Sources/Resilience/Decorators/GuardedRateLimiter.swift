package import Kernel

/// A shared limiter behind its guard. Tried once, since each try takes from the budget.
package struct GuardedRateLimiter: RateLimiter {
    private let limiter: any RateLimiter
    private let guarded: Guarded
    private let substitute: Substitute<any RateLimiter>?

    package init(
        _ limiter: any RateLimiter, by guarded: Guarded, fallback: Substitute<any RateLimiter>? = nil
    ) {
        self.limiter = limiter
        self.guarded = guarded
        substitute = fallback
    }

    package func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        try await guarded.run(
            guarded.call("take", isIdempotent: false),
            fallback: substitute?.fallback { try await $0.take(key, limit: limit, per: period) }
        ) { [limiter] in try await limiter.take(key, limit: limit, per: period) }
    }
}
