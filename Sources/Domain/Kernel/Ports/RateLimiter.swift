/// Budgets that refill evenly, shared by all who use the same limiter.
package protocol RateLimiter: Sendable {
    /// Takes one from the budget of `key`, which holds up to `limit` and refills in `period`. Nil if there was one;
    /// else how long until there is. Racing callers never take more than there is.
    func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration?
}
