import Testing

@testable import Chat

@Suite struct LaneBoardTests {
    private typealias Board = LaneBoard<String, Int>

    private func board(lanes: Int = 2, waiting: Int = 3, batch: Int = 2) -> Board {
        var limits = Board.Limits()
        limits.lanes = lanes
        limits.waiting = waiting
        limits.batch = batch
        return Board(limits)
    }

    @Test func `the first in a lane begins it, others wait, and batches keep their order`() {
        var board = board()
        let admissions = [1, 2, 3].map { board.add($0, at: board.place(for: "a")) }
        #expect(admissions == [.begin, .wait, .wait])
        #expect(board.next(of: "a").map(\.item) == [1, 2])
        #expect(board.add(4, at: board.place(for: "a")) == .wait)
        #expect(board.next(of: "a").map(\.item) == [3, 4])
        #expect(board.count == 1)
        #expect(board.next(of: "a").count == 0)
        #expect(board.count == 0)
        #expect(board.add(5, at: board.place(for: "a")) == .begin)
    }

    @Test func `a full lane refuses, others do not`() {
        var board = board()
        for number in 1...3 { _ = board.add(number, at: board.place(for: "a")) }
        #expect(board.add(4, at: board.place(for: "a")) == .refused)
        #expect(board.add(5, at: board.place(for: "b")) == .begin)
    }

    @Test func `beyond the bound no lane is opened until one is gone`() {
        var board = board(lanes: 1)
        #expect(board.add(1, at: board.place(for: "a")) == .begin)
        #expect(board.add(2, at: board.place(for: "b")) == .refused)
        #expect(board.add(3, at: board.place(for: "a")) == .wait)
        _ = board.next(of: "a")
        _ = board.next(of: "a")
        #expect(board.add(4, at: board.place(for: "b")) == .begin)
    }

    @Test func `whoever leaves the line is not worked on, and the lane still ends`() {
        var board = board()
        let places = ["a", "a"].map { board.place(for: $0) }
        for (number, place) in places.enumerated() { _ = board.add(number, at: place) }
        #expect(board.leave(places[0]) == true)
        #expect(board.leave(places[0]) == false)
        #expect(board.next(of: "a").map(\.item) == [1])
        #expect(board.leave(places[1]) == false)
        #expect(board.next(of: "a").count == 0)
        #expect(board.count == 0)
    }
}
