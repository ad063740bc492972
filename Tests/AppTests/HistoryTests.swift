import Testing

/// The checkers find the faults that they are for, and nothing where there is none.
@Suite struct HistoryTests {
    @Test func aJobThatIsLostDoneTwiceOrInventedIsFound() {
        var history = OnceHistory(asked: ["a", "b", "c"], happened: ["c", "a", "b"])
        #expect(history.isSound)
        history.happened = ["c", "a"]
        #expect(history.lost == ["b"] && !history.isSound)
        history.happened = ["c", "a", "b", "a"]
        #expect(history.doubled == ["a"] && !history.isSound)
        history.happened = ["c", "a", "b", "x"]
        #expect(history.foreign == ["x"] && !history.isSound)
    }

    @Test func aCounterThatForgetsOrCountsTwiceIsFound() {
        var history = CounterHistory()
        history.added(6)
        history.added(6)
        history.mayHaveAdded(6)
        #expect(history.finding(in: 12) == nil)
        #expect(history.finding(in: 18) == nil)
        #expect(history.finding(in: 6) == .lost(6))
        #expect(history.finding(in: 24) == .doubled(6))
    }

    @Test func aReadBehindAnOwnWriteAndOneThatGoesBackAreFound() {
        var history = RegisterHistory()
        history.wrote(1)
        history.saw(1)
        history.wrote(2)
        history.saw(2)
        history.saw(2)
        #expect(history.staleOwnReads == 0 && history.readsThatWentBack == 0 && history.pairs == 5)
        var stale = history
        stale.wrote(3)
        stale.saw(2)
        #expect(stale.staleOwnReads == 1 && stale.readsThatWentBack == 0)
        // What another session wrote is seen, and then not any more.
        var back = RegisterHistory()
        back.saw(5)
        back.saw(4)
        #expect(back.staleOwnReads == 0 && back.readsThatWentBack == 1)
        // Going back is judged by the newest that was seen.
        back.saw(5)
        #expect(back.readsThatWentBack == 1)
    }

    @Test func eventsThatChangePlacesOrAreMissingAreFoundAndRepeatedOnesAreFine() {
        func history(_ numbers: [Int]) -> OrderHistory {
            numbers.reduce(into: OrderHistory()) { $0.got($1) }
        }
        #expect(history([1, 2, 3]).reordered.isEmpty)
        // At least once: a batch that comes again.
        #expect(history([1, 2, 1, 2, 3]).reordered.isEmpty)
        #expect(history([1, 3, 2]).reordered == [2])
        #expect(history([1, 3]).lost(among: 1...3) == [2])
        #expect(history([1, 2, 1, 3]).lost(among: 1...3).isEmpty)
    }
}
