import Kernel
import Resilience
import Testing

@Suite struct RetryTests {
    private func attempt(
        _ number: Int = 1, _ kind: Failure.Kind = .unavailable, isIdempotent: Bool = true,
        remaining: Duration = .seconds(10), retryAfter: Duration? = nil
    ) -> Retry.Attempt {
        var failure = Failure(kind, "code", "detail")
        failure.retryAfter = retryAfter
        return Retry.Attempt(
            number: number, failure: failure, isIdempotent: isIdempotent, remaining: remaining)
    }

    @Test func `only transient failures of idempotent calls are tried again, so many times`() {
        let retry = Retry(.init())
        var budget = RetryBudget(.init())
        #expect(retry.decide(after: attempt(isIdempotent: false), budget: &budget) == .giveUp)
        #expect(retry.decide(after: attempt(1, .notFound), budget: &budget) == .giveUp)
        #expect(retry.decide(after: attempt(1, .cancelled), budget: &budget) == .giveUp)
        #expect(retry.decide(after: attempt(3), budget: &budget) == .giveUp)
        #expect(budget.tokens == 10)
        #expect(retry.decide(after: attempt(2), budget: &budget) != .giveUp)
        #expect(budget.tokens == 9)
    }

    @Test func `waits are spread below a ceiling that doubles`() {
        var settings = Retry.Settings()
        settings.attempts = 10
        settings.backoff = Backoff(first: .milliseconds(100), maximum: .seconds(1))
        let retry = Retry(settings)
        for (number, ceiling) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (9, 1000)] {
            var seen: Set<Int64> = []
            for _ in 0..<100 {
                var budget = RetryBudget(.init())
                guard case .wait(let wait) = retry.decide(after: attempt(number), budget: &budget) else {
                    Issue.record("gave up")
                    continue
                }
                #expect(wait <= .milliseconds(ceiling) && wait >= .milliseconds(ceiling / 10))
                seen.insert(wait.inMilliseconds)
            }
            #expect(seen.count > 20)
        }
    }

    @Test func `never past the deadline, and not before the dependency asked for it`() {
        let retry = Retry(.init())
        var budget = RetryBudget(.init())
        #expect(retry.decide(after: attempt(remaining: .milliseconds(1)), budget: &budget) == .giveUp)
        #expect(
            retry.decide(after: attempt(retryAfter: .seconds(3)), budget: &budget) == .wait(.seconds(3)))
        #expect(
            retry.decide(
                after: attempt(remaining: .seconds(2), retryAfter: .seconds(3)), budget: &budget) == .giveUp)
        #expect(budget.tokens == 9)
    }

    @Test(arguments: [0.05, 0.1, 0.25])
    func `retries stay a share of the calls however much fails`(_ ratio: Double) {
        var settings = RetryBudget.Settings()
        settings.ratio = ratio
        var budget = RetryBudget(settings)
        var retries = 0
        for _ in 0..<10_000 {
            budget.deposit()
            while budget.withdraw() { retries += 1 }
        }
        #expect(retries <= Int(10_000 * ratio + settings.reserve) && retries > Int(9_000 * ratio))
    }
}
