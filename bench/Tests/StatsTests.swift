import Testing

@testable import bench

@Suite struct StatsTests {
    @Test func `the median of an even number of values lies between the middle two`() {
        #expect(Stats.median([4, 1, 3, 2]) == 2.5)
        #expect(Stats.median([3, 1, 2]) == 2)
        #expect(Stats.median([]) == nil)
    }

    @Test func `few rounds give their range`() {
        let estimate = Stats.estimate([0.9, 1.1, 1.0])
        #expect(estimate == Estimate(median: 1.0, low: 0.9, high: 1.1, spread: .range))
    }

    @Test func `the interval lies within the range and around the median`() throws {
        let values = [0.88, 0.91, 0.90, 0.95, 0.89, 0.92, 2.4]
        let estimate = try #require(Stats.estimate(values))
        #expect(estimate.spread == .bootstrap)
        #expect(estimate.median == 0.91)
        #expect(estimate.low >= 0.88 && estimate.low <= 0.91)
        #expect(estimate.high >= 0.91 && estimate.high <= 2.4)
        #expect(Stats.estimate(values) == estimate, "the same readings give the same report")
    }

    @Test func `a goal is met by the whole interval, and uncertain by the median alone`() {
        let goal = Goal(atMost: 0.95)
        func estimate(_ low: Double, _ median: Double, _ high: Double) -> Estimate {
            Estimate(median: median, low: low, high: high, spread: .range)
        }
        #expect(goal.verdict(on: estimate(0.8, 0.85, 0.9)) == .met)
        #expect(goal.verdict(on: estimate(0.8, 0.94, 1.2)) == .uncertain)
        #expect(goal.verdict(on: estimate(0.8, 0.96, 1.2)) == .missed)
        #expect(goal.verdict(on: nil) == .noResult)
        #expect(Goal(atLeast: 10).verdict(on: estimate(9, 11, 12)) == .uncertain)
    }

    @Test func `a ratio needs both of its arms`() {
        let row = Row(
            id: "x", title: "x",
            value: .ratio(.init(arm: "ours", measure: .wall), .init(arm: "reference", measure: .wall)))
        #expect(row.value { $0.arm == "ours" ? 3 : 4 } == 0.75)
        #expect(row.value { $0.arm == "ours" ? 3 : nil } == nil)
    }

    @Test func `a goal for a row that does not exist is found out`() {
        let row = Row(id: "a", title: "a", value: .absolute(.init(arm: "x", measure: .wall), .seconds))
        #expect(Thresholds(["a": Goal(atMost: 1), "b": Goal(atMost: 1)]).strangers(to: [row]) == ["b"])
    }
}
