import Testing

@testable import Postgres

@Suite struct RoutingHistoryTests {
    private let start = ContinuousClock.now

    private func history(_ samples: [(milliseconds: Int, position: UInt64)]) -> RoutingHistory {
        var history = RoutingHistory(span: .seconds(2))
        for (milliseconds, position) in samples {
            history.add(position, at: start + .milliseconds(milliseconds))
        }
        return history
    }

    @Test func `nothing is fresh while nothing is known`() {
        #expect(history([]).bound(.seconds(2), now: start) == nil)
    }

    @Test func `the bound is where the primary was just within the limit`() {
        let history = history([(0, 10), (500, 20), (1000, 30), (1500, 40)])
        let now = start + .milliseconds(1600)
        #expect(history.bound(.seconds(2), now: now) == 10)
        #expect(history.bound(.milliseconds(1600), now: now) == 10)
        #expect(history.bound(.milliseconds(1599), now: now) == 20)
        #expect(history.bound(.milliseconds(600), now: now) == 30)
        #expect(history.bound(.milliseconds(100), now: now) == 40)
    }

    @Test func `a primary not heard of within the limit counts with all that it had`() {
        let history = history([(0, 10), (1, 15)])
        #expect(history.bound(.seconds(1), now: start + .seconds(9)) == 15)
    }

    @Test func `what is older than the span is forgotten, and how much is kept is bounded`() {
        var history = RoutingHistory(span: .seconds(2))
        for step in 0..<20_000 { history.add(UInt64(step), at: start + .milliseconds(step)) }
        let now = start + .milliseconds(20_000)
        let bound = history.bound(.seconds(2), now: now)
        #expect((18_000...18_020).contains(bound ?? 0))
        #expect(history.bound(.seconds(20), now: now) ?? 0 > 17_900)
        #expect(
            Mirror(reflecting: history).children.contains { ($0.value as? [Any])?.count ?? 0 > 300 } == false)
    }

    @Test func `another primary is another measure`() {
        var history = history([(0, 10)])
        history.reset()
        #expect(history.bound(.seconds(2), now: start) == nil)
        #expect(history.latest == 0 && history.heardAt == nil)
    }
}
