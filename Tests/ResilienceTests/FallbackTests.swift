import Kernel
import Synchronization
import TestTime
import Testing

@testable import Resilience

/// What stands in for a remote port, and when.
@Suite struct FallbackTests {
    private let dependency = FlakyDependency()
    private let time = SimulatedTime()

    private func choice(deadline: Duration? = nil) -> FallbackSwitch {
        var settings = FallbackSwitch.Settings()
        settings.breaker.consecutiveFailures = 3
        settings.breaker.open = Backoff(first: .seconds(1), maximum: .seconds(1))
        settings.breaker.trials = 1
        settings.deadline = deadline
        return FallbackSwitch("redis", settings: settings, time: time.source)
    }

    @Test func `a cache that fails is stood in for, and costs nothing once the breaker is open`() async throws
    {
        let choice = choice()
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: DictionaryCache(), by: choice)
        #expect(choice.degradation == nil)
        dependency.become(.dead)
        try await cache.set("k", [1], lifetime: .seconds(60))
        for _ in 0..<100 { #expect(try await cache.get("k") == [1]) }
        #expect(dependency.calls == 3)
        let degradation = try #require(choice.degradation)
        #expect(degradation.dependency == "redis" && degradation.failure == .unavailable)
        #expect(degradation.since <= .now())
        dependency.become(.well)
        time.advance(by: .seconds(1))
        _ = try await cache.get("k")
        #expect(dependency.calls == 1)
        #expect(choice.degradation == nil)
    }

    @Test func `a cache that is slow is stood in for at its deadline`() async throws {
        let choice = choice(deadline: .milliseconds(200))
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: DictionaryCache(), by: choice)
        dependency.become(.slow)
        let value = try await time.running { try await cache.get("k") }
        #expect(value == nil)
        #expect(choice.degradation?.failure == .timeout)
    }

    @Test func `what an outage left is not found in the next one`() async throws {
        let local = DictionaryCache()
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: local, by: choice())
        for change in [
            { try await cache.set("k", [2], lifetime: .seconds(60)) }, { try await cache.remove("k") },
        ] {
            dependency.become(.dead)
            try await cache.set("k", [1], lifetime: .seconds(60))
            #expect(try await local.get("k") == [1])
            dependency.become(.well)
            try await change()
            #expect(try await local.get("k") == nil)
        }
        dependency.become(.dead)
        try await cache.set("k", [1], lifetime: .seconds(60))
        try await cache.remove("k")
        #expect(try await cache.get("k") == nil)
    }

    /// What failed here once was the stand-in, behind a dependency that was well.
    @Test func `without a stand-in, a cache that is well stays in use whatever is done with it`() async throws
    {
        let choice = choice()
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: AbsentCache(), by: choice)
        for number in 0..<20 {
            try await cache.set("k\(number)", [1], lifetime: .seconds(60))
            _ = try await cache.get("k\(number)")
            try await cache.remove("k\(number)")
            #expect(try await cache.setIfAbsent("k\(number)", [2], lifetime: .seconds(60)))
        }
        #expect(dependency.calls == 80 && choice.degradation == nil)
        dependency.become(.dead)
        await #expect(throws: Failure.self) { try await cache.get("k1") }
        await #expect(throws: Failure.self) { try await cache.set("k1", [3], lifetime: .seconds(60)) }
    }

    @Test func `nobody is told that they were first where others may be told so too`() async throws {
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: DictionaryCache(), by: choice())
        dependency.become(.dead)
        for _ in 0..<5 {
            let failure = await #expect(throws: Failure.self) {
                try await cache.setIfAbsent("k", [1], lifetime: .seconds(60))
            }
            #expect(failure?.kind == .unavailable)
        }
    }

    @Test func `a limiter that fails leaves each process its own whole budget`() async throws {
        let limiter = FallbackRateLimiter(
            FlakyLimiter(dependency: dependency), local: CountingLimiter(), by: choice())
        dependency.become(.dead)
        for _ in 0..<5 { #expect(try await limiter.take("k", limit: 5, per: .seconds(60)) == nil) }
        #expect(try await limiter.take("k", limit: 5, per: .seconds(60)) != nil)
        #expect(dependency.calls == 3)
    }

    @Test func `a publisher does not notice, a subscriber does`() async throws {
        let choice = choice()
        let pubSub = FallbackPubSub(FlakyPubSub(dependency: dependency), by: choice)
        dependency.become(.dead)
        for _ in 0..<10 { try await pubSub.publish("a", []) }
        #expect(dependency.calls == 3)
        #expect(choice.degradation != nil)
        await #expect(throws: Failure.self) { try await pubSub.subscribe("a", capacity: 1) }
    }

    @Test func `each time is told, and each change of the breaker`() async throws {
        let events = Recorder<FallbackSwitch.Event>()
        var settings = FallbackSwitch.Settings()
        settings.breaker.consecutiveFailures = 2
        let choice = FallbackSwitch("redis", settings: settings, time: time.source) { events.add($0) }
        let pubSub = FallbackPubSub(FlakyPubSub(dependency: dependency), by: choice)
        dependency.become(.dead)
        for _ in 0..<3 { try await pubSub.publish("a", []) }
        let fall = FallbackSwitch.Event.fellBack(dependency: "redis", operation: "publish")
        #expect(events.all.filter { $0 == fall }.count == 3)
        #expect(events.all.count == 4)
    }

    @Test func `who is cancelled gets no stand-in`() async throws {
        let cache = FallbackCache(FlakyCache(dependency: dependency), local: DictionaryCache(), by: choice())
        dependency.become(.slow)
        let task = Task { try await cache.get("k") }
        while dependency.calls == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
    }
}

private final class DictionaryCache: Cache {
    private let values = Mutex<[String: [UInt8]]>([:])

    func get(_ key: String) async throws -> [UInt8]? { values.withLock { $0[key] } }

    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        values.withLock { $0[key] = value }
    }

    func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool { true }

    func remove(_ key: String) async throws { values.withLock { $0[key] = nil } }
}

private final class CountingLimiter: RateLimiter {
    private let taken = Mutex(0)

    func take(_ key: String, limit: Int, per period: Duration) async throws -> Duration? {
        taken.withLock { taken in
            taken += 1
            return taken > limit ? period : nil
        }
    }
}
