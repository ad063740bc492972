import Kernel
import Memory
import Synchronization
import Testing

/// What the tier in front adds to the cache's contract: others' changes are seen within its bound.
@Suite struct TieredCacheTests {
    private static func pair(
        hints: any PubSub, observe: @escaping @Sendable (TieredCache.Tier) -> Void = { _ in }
    ) -> (TieredCache, TieredCache, @Sendable (Duration) -> Void) {
        let clock = SharedClock()
        let far = MemoryCache(maximumEntries: 100, maximumBytes: 1 << 20) { clock.now }
        let nodes = (0..<2).map { _ in
            TieredCache(
                near: MemoryCache(maximumEntries: 10, maximumBytes: 1 << 16) { clock.now }, far: far,
                nearLifetime: .seconds(1), hints: hints, observe: observe)
        }
        return (nodes[0], nodes[1], { clock.pass($0) })
    }

    @Test func `without hints another node's change is seen within the near lifetime`() async throws {
        let (one, other, pass) = Self.pair(hints: SilentPubSub())
        try await one.set("k", [1], lifetime: .seconds(60))
        #expect(try await other.get("k") == [1])
        try await one.set("k", [2], lifetime: .seconds(60))
        #expect(try await other.get("k") == [1], "still within the bound")
        pass(.milliseconds(1001))
        #expect(try await other.get("k") == [2])
        try await one.remove("k")
        pass(.milliseconds(1001))
        #expect(try await other.get("k") == nil)
    }

    @Test func `a hint makes another node's change visible at once`() async throws {
        let (one, other, _) = Self.pair(hints: MemoryPubSub(maximumChannels: 10))
        let listening = Task { await other.listen() }
        defer { listening.cancel() }
        try await one.set("k", [0], lifetime: .seconds(60))
        for round in UInt8(1)...20 {
            _ = try await other.get("k")
            try await one.set("k", [round], lifetime: .seconds(60))
            var seen = try await other.get("k")
            // The first may be missed while the other is about to subscribe; the clock stands still all the while.
            for _ in 0..<200 where seen != [round] && round > 1 {
                try await Task.sleep(for: .milliseconds(5))
                seen = try await other.get("k")
            }
            if round > 1 { #expect(seen == [round]) }
            if round == 1 { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    @Test func `hits are told by tier`() async throws {
        let tiers = Mutex<[TieredCache.Tier]>([])
        let (one, _, _) = Self.pair(hints: SilentPubSub()) { tier in tiers.withLock { $0.append(tier) } }
        #expect(try await one.get("k") == nil)
        try await one.set("k", [1], lifetime: .seconds(60))
        _ = try await one.get("k")
        #expect(tiers.withLock { $0 } == [.none, .near])
    }
}

private final class SharedClock: Sendable {
    private let time = Mutex(Timestamp(milliseconds: 1_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func pass(_ span: Duration) { time.withLock { $0 = $0 + span } }
}

/// Loses every message.
private struct SilentPubSub: PubSub {
    func publish(_ channel: String, _ message: [UInt8]) async throws {}

    func subscribe(_ channel: String, capacity: Int) async throws -> any AsyncSequence<[UInt8], Never>
        & Sendable
    {
        AsyncStream<[UInt8]> { $0.finish() }
    }
}
