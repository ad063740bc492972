package import Resilience
import Synchronization

/// Time that stands still until a test moves it; sleepers wake as it passes them.
package final class SimulatedTime: Sendable {
    private struct Sleeper {
        let id: Int
        let end: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: ContinuousClock.Instant
        var nextID = 0
        var sleepers: [Sleeper] = []
    }

    private let state = Mutex(State(now: .now))

    package init() {}

    package var now: ContinuousClock.Instant { state.withLock { $0.now } }
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }
    package var source: TimeSource { TimeSource(now: { self.now }, sleep: { try await self.sleep($0) }) }

    package func advance(by span: Duration) {
        let due = state.withLock { state in
            state.now += span
            let due = state.sleepers.filter { $0.end <= state.now }
            state.sleepers.removeAll { $0.end <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Lets time pass in steps while `body` runs, whenever somebody sleeps.
    package func running<Value: Sendable>(
        step: Duration = .milliseconds(100), _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    // Real time, so that all who are about to sleep do.
                    try await Task.sleep(for: .milliseconds(2))
                    if self.sleeperCount > 0 { self.advance(by: step) }
                }
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    private func sleep(_ span: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if span <= .zero { return .success(()) }
                    state.sleepers.append(
                        Sleeper(id: id, end: state.now + span, continuation: continuation))
                    return nil
                }
                if let isOver { continuation.resume(with: isOver) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.first { $0.id == id }
                state.sleepers.removeAll { $0.id == id }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
