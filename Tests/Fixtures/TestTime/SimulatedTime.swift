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
        var alarms: [Int: (end: ContinuousClock.Instant, ring: @Sendable () -> Void)] = [:]

        mutating func newID() -> Int {
            nextID += 1
            return nextID
        }
    }

    private let state = Mutex(State(now: .now))

    package init() {}

    package var now: ContinuousClock.Instant { state.withLock { $0.now } }
    /// Those that sleep, and alarms.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count + $0.alarms.count } }
    package var source: TimeSource {
        TimeSource(now: { self.now }, sleep: { try await self.sleep($0) }, alarms: self)
    }

    package func advance(by span: Duration) {
        let (due, rung) = state.withLock { state in
            state.now += span
            let due = state.sleepers.filter { $0.end <= state.now }
            state.sleepers.removeAll { $0.end <= state.now }
            let rung = state.alarms.filter { $0.value.end <= state.now }
            for alarm in rung.keys { state.alarms[alarm] = nil }
            return (due, Array(rung.values))
        }
        for sleeper in due { sleeper.continuation.resume() }
        for alarm in rung { alarm.ring() }
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
        let id = state.withLock { $0.newID() }
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

extension SimulatedTime: Alarms {
    package func set(at moment: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> Int {
        let (id, isDue) = state.withLock { state in
            let id = state.newID()
            let isDue = moment <= state.now
            if !isDue { state.alarms[id] = (moment, ring) }
            return (id, isDue)
        }
        if isDue { ring() }
        return id
    }

    package func clear(_ alarm: Int) -> Bool {
        state.withLock { $0.alarms.removeValue(forKey: alarm) } != nil
    }
}
