package import Kernel
private import Synchronization

/// Budgets in this process, bounded: past the bound, full budgets are forgotten first, which changes nothing.
package final class MemoryRateLimiter: RateLimiter {
    private struct Budget {
        var tokens: Double
        var at: Timestamp
        var refilled: Timestamp
    }

    private let maximumKeys: Int
    private let now: @Sendable () -> Timestamp
    private let budgets = Mutex<[String: Budget]>([:])

    package init(maximumKeys: Int = 100_000, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.maximumKeys = maximumKeys
        self.now = now
    }

    package func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        let time = now()
        let perSecond = Double(limit) / period.inSeconds
        return try budgets.withLock { budgets in
            if budgets[key] == nil, budgets.count >= maximumKeys {
                budgets = budgets.filter { $0.value.refilled > time }
                guard budgets.count < maximumKeys else {
                    throw Failure(.overloaded, "overloaded", "Too many are asking at once; try again soon.")
                }
            }
            let known = budgets[key] ?? Budget(tokens: Double(limit), at: time, refilled: time)
            let tokens = min(Double(limit), known.tokens + max(0, (time - known.at).inSeconds) * perSecond)
            guard tokens >= 1 else { return .seconds((1 - tokens) / perSecond) }
            let refilled = time + .seconds((Double(limit) - tokens + 1) / perSecond)
            budgets[key] = Budget(tokens: tokens - 1, at: time, refilled: refilled)
            return nil
        }
    }
}
