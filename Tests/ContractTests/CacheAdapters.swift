import Kernel
import Memory
import Redis
import Synchronization
import Testing

/// Where a contract test of `Cache` plays: an empty cache, and time that it can let pass.
struct CacheStage: Sendable {
    let cache: any Cache
    let pass: @Sendable (Duration) async throws -> Void
}

/// An adapter under the contract.
struct CacheAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (CacheStage) async throws -> Void) async throws -> Void

    static let all = RedisStage.url == nil ? [memory] : [memory, redis]

    private static let memory = CacheAdapter(testDescription: "memory") { test in
        let clock = SteppedClock()
        let cache = MemoryCache(maximumEntries: 1000, maximumBytes: 1 << 20) { clock.now }
        try await test(CacheStage(cache: cache) { clock.pass($0) })
    }

    private static let redis = CacheAdapter(testDescription: "redis") { test in
        try await RedisStage.run { stage in
            try await test(
                CacheStage(cache: RedisCache(client: stage.client)) { span in
                    // What is long is not waited for: the server is told that it has less time left.
                    if span < .seconds(1) {
                        try await Task.sleep(for: span)
                    } else {
                        try await stage.expire(by: span)
                    }
                })
        }
    }
}

private final class SteppedClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func pass(_ span: Duration) { time.withLock { $0 = $0 + span } }
}
