import Kernel
import Synchronization
import Testing

@Suite struct SingleFlightTests {
    @Test func `many who ask at once share one look, and the next looks again`() async throws {
        let flights = SingleFlight<String, Int>()
        let looks = Looks()
        let gate = Gate()
        for round in 1...3 {
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await flights.run("page") {
                            await gate.wait()
                            return looks.next()
                        }
                    }
                }
                // All have asked before the first is answered.
                try await Task.sleep(for: .milliseconds(50))
                await gate.open()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            await gate.shut()
            #expect(answers == Array(repeating: round, count: 50))
        }
    }

    @Test func `a failure is shared, and forgotten`() async throws {
        let flights = SingleFlight<Int, Int>()
        await #expect(throws: Failure.self) { try await flights.run(1) { throw Failure.notFound("page") } }
        #expect(try await flights.run(1) { 7 } == 7)
    }

    @Test func `keys do not wait for each other, and a caller's end is not that of others`() async throws {
        let flights = SingleFlight<Int, Int>()
        let gate = Gate()
        let first = Task {
            try await flights.run(1) {
                await gate.wait()
                try Task.checkCancellation()
                return 1
            }
        }
        #expect(try await flights.run(2) { 2 } == 2)
        try await Task.sleep(for: .milliseconds(20))
        first.cancel()
        async let second = flights.run(1) { 9 }
        try await Task.sleep(for: .milliseconds(20))
        await gate.open()
        #expect(try await second == 1)
    }
}

private final class Looks: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

private actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        guard !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func shut() { isOpen = false }
}
