import Kernel
import Testing

@testable import Memory

/// How the cache in memory keeps its bounds.
@Suite struct MemoryCacheBoundTests {
    private static let minute = Duration.seconds(60)

    @Test func `the least recently used go first`() async throws {
        let cache = MemoryCache(maximumEntries: 3, maximumBytes: 1000)
        for key in ["a", "b", "c"] { try await cache.set(key, [1], lifetime: Self.minute) }
        #expect(try await cache.get("a") == [1])
        try await cache.set("d", [1], lifetime: Self.minute)
        #expect(try await cache.get("b") == nil)
        for key in ["a", "c", "d"] { #expect(try await cache.get(key) == [1]) }
    }

    @Test func `bytes are bounded, keys among them`() async throws {
        let cache = MemoryCache(maximumEntries: 1000, maximumBytes: 100)
        for number in 10..<100 { try await cache.set("\(number)", sampleBytes(18), lifetime: Self.minute) }
        var kept: [Int] = []
        for number in 10..<100 where try await cache.get("\(number)") != nil { kept.append(number) }
        #expect(kept == [95, 96, 97, 98, 99])
    }

    @Test func `a value that is too large is not kept, nor the one before it`() async throws {
        let cache = MemoryCache(maximumEntries: 10, maximumBytes: 100)
        try await cache.set("other", [1], lifetime: Self.minute)
        try await cache.set("k", [1], lifetime: Self.minute)
        try await cache.set("k", sampleBytes(100), lifetime: Self.minute)
        #expect(try await cache.get("k") == nil)
        #expect(try await cache.get("other") == [1])
        #expect(try await !cache.setIfAbsent("k", sampleBytes(100), lifetime: Self.minute))
    }

    @Test func `it stays whole under many changes`() async throws {
        let cache = MemoryCache(maximumEntries: 20, maximumBytes: 300)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let key = "\(Int.random(in: 0..<40, using: &random))"
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try await cache.set(key, Array(key.utf8), lifetime: Self.minute)
            case 1: try await cache.remove(key)
            default: if let value = try await cache.get(key) { #expect(value == Array(key.utf8)) }
            }
        }
    }
}

/// That the one in memory forgets channels nobody listens to.
@Suite(.timeLimit(.minutes(5))) struct MemoryPubSubBoundTests {
    @Test func `ending the iteration unsubscribes, though the sequence is still held`() async throws {
        let pubSub = MemoryPubSub()
        let subscription = try await pubSub.subscribe("a", capacity: 10)
        try await pubSub.publish("a", [1])
        for await _ in subscription { break }
        #expect(pubSub.channelCount == 0)
        withExtendedLifetime(subscription) {}
    }

    @Test func `an iterator outlives its sequence`() async throws {
        let pubSub = MemoryPubSub()
        var iterator: (any AsyncIteratorProtocol)? = try await pubSub.subscribe("a", capacity: 10)
            .makeAsyncIterator()
        #expect(pubSub.channelCount == 1)
        try await pubSub.publish("a", [1])
        #expect(try await iterator?.next(isolation: nil) as? [UInt8] == [1])
        iterator = nil
        #expect(pubSub.channelCount == 0)
    }

    @Test func `dropping an untouched subscription, being cut and being cancelled unsubscribe`() async throws
    {
        let pubSub = MemoryPubSub()
        for number in 0..<100 { _ = try await pubSub.subscribe("\(number)", capacity: 1) }
        #expect(pubSub.channelCount == 0)
        let cut = try await pubSub.subscribe("a", capacity: 1)
        for _ in 0..<2 { try await pubSub.publish("a", [1]) }
        #expect(pubSub.channelCount == 0)
        withExtendedLifetime(cut) {}
        let waiter = Task { [pubSub] in for await _ in try await pubSub.subscribe("b", capacity: 1) {} }
        while pubSub.channelCount == 0 { await Task.yield() }
        waiter.cancel()
        try await waiter.value
        #expect(pubSub.channelCount == 0)
    }
}
