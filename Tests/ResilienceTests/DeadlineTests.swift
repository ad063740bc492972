import Kernel
import Resilience
import TestTime
import Testing

@Suite struct DeadlineTests {
    @Test func `slow work is cancelled at the deadline`() async throws {
        let time = SimulatedTime()
        let start = time.now
        let failure = await #expect(throws: Failure.self) {
            try await time.running {
                try await withDeadline(.seconds(2), of: "store", time: time.source) {
                    try await Task.sleep(for: .seconds(600))
                }
            }
        }
        #expect(failure?.kind == .timeout)
        #expect(time.now - start < .seconds(3))
    }

    @Test func `a deadline within another never ends later than the outer`() async throws {
        let time = SimulatedTime()
        let start = time.now
        let moments = try await withDeadline(.seconds(2), of: "outer", time: time.source) {
            let outer = Deadline.current?.moment
            let longer = try await withDeadline(.seconds(9), of: "inner", time: time.source) {
                Deadline.current?.moment
            }
            let shorter = try await withDeadline(.seconds(1), of: "inner", time: time.source) {
                Deadline.current?.moment
            }
            return [outer, longer, shorter]
        }
        #expect(moments == [start + .seconds(2), start + .seconds(2), start + .seconds(1)])
        #expect(Deadline.current == nil)
    }

    @Test func `what was done in spite of the deadline counts, an error then is lateness`() async throws {
        let time = SimulatedTime()
        let value = try await withDeadline(.seconds(1), of: "store", time: time.source) {
            await Self.pass(time)
            #expect(Task.isCancelled)
            return 5
        }
        #expect(value == 5)
        let failure = await #expect(throws: Failure.self) {
            try await withDeadline(.seconds(1), of: "store", time: time.source) {
                await Self.pass(time)
                throw Failure.notFound("thing")
            }
        }
        #expect(failure?.kind == .timeout)
        #expect(time.sleeperCount == 0)
        // Who called is gone by then: what was done counts all the same, and an error is what it is.
        let gone = Task {
            try await withDeadline(.seconds(1), of: "store", time: time.source) {
                while !Task.isCancelled { await Task.yield() }
                await Self.pass(time)
                return 7
            }
        }
        gone.cancel()
        #expect(try await gone.value == 7)
    }

    /// Two seconds, once the deadline is kept: a body may begin before that.
    private static func pass(_ time: SimulatedTime) async {
        while time.sleeperCount == 0 { await Task.yield() }
        time.advance(by: .seconds(2))
    }

    @Test func `nothing is begun once the deadline has passed`() async throws {
        let time = SimulatedTime()
        let late = Deadline(time.now)
        let failure = await #expect(throws: Failure.self) {
            try await Deadline.$current.withValue(late) {
                try await withDeadline(.seconds(1), of: "store", time: time.source) {
                    Issue.record("begun")
                }
            }
        }
        #expect(failure?.kind == .timeout)
    }

    @Test func `values, errors and cancellation pass through`() async throws {
        let time = SimulatedTime()
        #expect(try await withDeadline(.seconds(1), of: "s", time: time.source) { 5 } == 5)
        let failure = await #expect(throws: Failure.self) {
            try await withDeadline(.seconds(1), of: "s", time: time.source) {
                throw Failure.notFound("thing")
            }
        }
        #expect(failure?.kind == .notFound)
        let task = Task {
            try await withDeadline(.seconds(1), of: "s", time: time.source) {
                try await Task.sleep(for: .seconds(600))
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
