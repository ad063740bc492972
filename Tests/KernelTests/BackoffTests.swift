import Kernel
import Testing

@Suite struct BackoffTests {
    private let backoff = Backoff(first: .milliseconds(100), maximum: .seconds(60))

    @Test(arguments: [
        (-3, 100), (0, 100), (1, 100), (2, 200), (3, 400), (9, 25_600), (10, 51_200), (11, 60_000),
        (1_000, 60_000), (Int.max, 60_000),
    ])
    func `the ceiling doubles up to the maximum`(_ attempt: Int, _ milliseconds: Int) {
        #expect(backoff.ceiling(afterAttempt: attempt) == .milliseconds(milliseconds))
    }

    @Test func `waits lie between a tenth of the ceiling and the ceiling, and differ`() {
        for attempt in [1, 4, 20] {
            let ceiling = backoff.ceiling(afterAttempt: attempt)
            let waits = (0..<500).map { _ in backoff.delay(afterAttempt: attempt) }
            #expect(waits.allSatisfy { $0 >= ceiling / 10 && $0 <= ceiling })
            #expect(Set(waits).count > 20)
            #expect((waits.min() ?? ceiling) < ceiling / 2)
            #expect((waits.max() ?? .zero) > ceiling / 2)
        }
    }

    @Test func `a first wait above the maximum is cut to it`() {
        let backoff = Backoff(first: .seconds(10), maximum: .seconds(1))
        #expect(backoff.ceiling(afterAttempt: 1) == .seconds(1))
        #expect(backoff.delay(afterAttempt: 1) <= .seconds(1))
    }

    @Test func `no wait is nothing at all`() {
        let backoff = Backoff(first: .zero, maximum: .zero)
        for attempt in 1...5 { #expect(backoff.delay(afterAttempt: attempt) == .milliseconds(1)) }
    }
}
