import Synchronization

/// Tasks that each do one thing after the other for a while.
struct TaskLoad: Sendable {
    var tasks: Int
    /// What connections, statements and caches are made in; counts for nothing.
    var warmUp: Duration = .milliseconds(300)
    var duration: Duration
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    /// Things a second; each gets the random numbers of its task. The first failure ends all.
    func rate(_ body: @escaping @Sendable (inout SplitMix) async throws -> Void) async throws -> Double {
        let begin = now() + warmUp
        let end = begin + duration
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var random = SplitMix(state: UInt64(task) &* 0x9E37_79B9)
                    while now() < begin { try await body(&random) }
                    var count = 0
                    while now() < end {
                        try await body(&random)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(total) / ((now() - begin) / .seconds(1))
    }
}
