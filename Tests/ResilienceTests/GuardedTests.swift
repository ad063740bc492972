import Kernel
import Resilience
import TestTime
import Testing

@Suite struct GuardedTests {
    private struct Stage: Sendable {
        let time = SimulatedTime()
        let dependency = FlakyDependency()
        let events = Recorder<Guarded.Event>()
        let guarded: Guarded

        init(_ change: (inout Guarded.Settings) -> Void = { _ in }) {
            var settings = Guarded.Settings()
            change(&settings)
            guarded = Guarded("store", settings: settings, time: time.source) { [events] in events.add($0) }
        }

        func call(isIdempotent: Bool = true, fallback: NamedFallback<Int>? = nil) async throws -> Int {
            try await time.running(step: .milliseconds(50)) {
                try await guarded.run(guarded.call("get", isIdempotent: isIdempotent), fallback: fallback) {
                    try await dependency.touch()
                    return 7
                }
            }
        }
    }

    @Test func `a passing failure is tried again, and the caller sees none of it`() async throws {
        let stage = Stage()
        stage.dependency.become(.failing(2))
        #expect(try await stage.call() == 7)
        #expect(stage.dependency.calls == 3)
        #expect(stage.events.all.count { $0 == .retried(operation: "get") } == 2)
        #expect(stage.guarded.condition.isUp)
    }

    @Test func `what is not idempotent is tried once`() async throws {
        let stage = Stage()
        stage.dependency.become(.failing(1))
        await #expect(throws: Failure.self) { try await stage.call(isIdempotent: false) }
        #expect(stage.dependency.calls == 1)
    }

    @Test func `a dead dependency is asked no more once the breaker is open, and asked again later`()
        async throws
    {
        let stage = Stage {
            $0.breaker.trials = 1
            // Longer than time runs on beside the calls below.
            $0.breaker.open = Backoff(first: .seconds(3_600), maximum: .seconds(3_600))
        }
        stage.dependency.become(.dead)
        for _ in 0..<20 { await #expect(throws: Failure.self) { try await stage.call() } }
        #expect(stage.dependency.calls == 5)
        #expect(!stage.guarded.condition.isUp && stage.guarded.condition.failure == .unavailable)
        stage.dependency.become(.well)
        stage.time.advance(by: .seconds(7_200))
        #expect(try await stage.call() == 7)
        #expect(stage.guarded.condition.isUp)
    }

    @Test func `a slow dependency ends at the deadline with all its attempts, and opens the breaker`()
        async throws
    {
        let stage = Stage {
            $0.deadline = .seconds(3)
            $0.attemptDeadline = .seconds(2)
        }
        stage.dependency.become(.slow)
        let start = stage.time.now
        let failure = await #expect(throws: Failure.self) { try await stage.call() }
        #expect(failure?.kind == .timeout)
        #expect(stage.time.now - start < .milliseconds(3_300))
        #expect(stage.dependency.calls == 2)
        for _ in 0..<4 { await #expect(throws: Failure.self) { try await stage.call() } }
        #expect(stage.guarded.condition.breaker != .closed)
    }

    @Test func `slowness that only the caller's own deadline cuts off opens the breaker too`() async throws {
        let stage = Stage { $0.attemptDeadline = .seconds(60) }
        stage.dependency.become(.slow)
        for _ in 0..<6 {
            let failure = await #expect(throws: Failure.self) {
                try await stage.time.running {
                    try await withDeadline(.seconds(1), of: "request", time: stage.time.source) {
                        try await stage.guarded.run(stage.guarded.call("get", isIdempotent: false)) {
                            try await stage.dependency.touch()
                        }
                    }
                }
            }
            #expect(failure?.isTransient == true)
        }
        #expect(stage.guarded.condition.breaker != .closed)
    }

    @Test func `a named fallback answers while the dependency fails, and is told`() async throws {
        let stage = Stage()
        stage.dependency.become(.dead)
        for _ in 0..<10 {
            #expect(try await stage.call(fallback: NamedFallback("local") { _ in 1 }) == 1)
        }
        #expect(stage.events.all.contains(.fellBack(operation: "get", to: "local")))
        #expect(stage.guarded.condition.fallback == "local")
    }

    @Test func `an answer is no failure: it reaches the caller, without fallback or retry`() async throws {
        let stage = Stage()
        for _ in 0..<30 {
            let failure = await #expect(throws: Failure.self) {
                try await stage.guarded.run(
                    stage.guarded.call("get", isIdempotent: true), fallback: NamedFallback("local") { _ in 1 }
                ) {
                    try await stage.dependency.touch()
                    throw Failure.notFound("thing")
                }
            }
            #expect(failure?.kind == .notFound)
        }
        #expect(stage.dependency.calls == 30 && stage.guarded.condition.breaker == .closed)
    }

    @Test func `while everything fails, retries stay within their budget`() async throws {
        let stage = Stage {
            $0.breaker.consecutiveFailures = .max
            $0.breaker.minimumCalls = .max
            $0.budget.reserve = 5
            $0.retry.backoff = Backoff(first: .milliseconds(1), maximum: .milliseconds(1))
        }
        stage.dependency.become(.dead)
        for _ in 0..<100 { await #expect(throws: Failure.self) { try await stage.call() } }
        let extra = stage.dependency.calls - 100
        #expect(extra >= 5 && extra <= 15)
    }

    @Test func `one slow dependency holds so many callers and no more`() async throws {
        let stage = Stage {
            $0.bulkhead.concurrency = 2
            $0.bulkhead.waiting = 3
        }
        stage.dependency.become(.slow)
        let failures = await withTaskGroup(of: Failure.Kind?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do {
                        try await stage.guarded.run(stage.guarded.call("get", isIdempotent: false)) {
                            try await stage.dependency.touch()
                        }
                        return nil
                    } catch { return Failure.wrapping(error).kind }
                }
            }
            var kinds: [Failure.Kind?] = []
            for _ in 0..<5 { kinds.append(await group.next() ?? nil) }
            group.cancelAll()
            return kinds
        }
        #expect(failures == Array(repeating: .overloaded, count: 5))
        #expect(stage.dependency.calls <= 2)
    }
}
