package import Kernel

/// A shared limiter with one of this process to stand in for it.
///
/// Meanwhile each process grants the whole limit, so that n processes together grant up to n times of it: how many
/// there are is not known here, and a share would refuse those whose requests one process happens to get all.
package struct FallbackRateLimiter: RateLimiter {
    private let remote: any RateLimiter
    private let local: any RateLimiter
    private let choice: FallbackSwitch

    /// `local` bounds its keys by itself.
    package init(_ remote: any RateLimiter, local: any RateLimiter, by choice: FallbackSwitch) {
        self.remote = remote
        self.local = local
        self.choice = choice
    }

    package func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        try await choice.run("take") { [remote] in
            try await remote.take(key, limit: limit, per: period)
        } local: {
            try await local.take(key, limit: limit, per: period)
        }
    }
}
