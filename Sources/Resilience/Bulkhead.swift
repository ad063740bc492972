import Kernel
private import Synchronization

/// At most so many calls at once, and so many waiting, so that one slow dependency cannot take everything.
package final class Bulkhead: Sendable {
    package struct Settings: Sendable, Equatable {
        package var concurrency = 64
        /// Callers that may wait; the next one is refused.
        package var waiting = 256

        package init() {}
    }

    private struct State {
        var queue: BulkheadQueue
        var nextNumber = 0
        /// Of all that wait, and no others.
        var continuations: [Int: CheckedContinuation<Admission, Never>] = [:]
    }

    private enum Admission {
        case entered, full, cancelled
    }

    private let name: String
    private let state: Mutex<State>

    package init(_ name: String, settings: Settings = .init()) {
        self.name = name
        state = Mutex(
            State(queue: BulkheadQueue(places: settings.concurrency, maximumWaiting: settings.waiting)))
    }

    package var running: Int { state.withLock { $0.queue.running } }
    package var waiting: Int { state.withLock { $0.queue.waitingCount } }

    /// Runs `body` once there is a place; `overloaded` if too many wait already.
    package func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        switch await enter() {
        case .entered: break
        case .full: throw Failure(.overloaded, "overloaded", "Too many calls to \(name) are waiting.")
        case .cancelled: throw CancellationError()
        }
        defer { leave() }
        return try await body()
    }

    private func enter() async -> Admission {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Admission? = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    switch state.queue.arrive(number) {
                    case .enter: return .entered
                    case .full: return .full
                    case .wait:
                        state.continuations[number] = continuation
                        return nil
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.queue.giveUp(number) ? state.continuations.removeValue(forKey: number) : nil
            }
            waiter?.resume(returning: .cancelled)
        }
    }

    private func leave() {
        let next = state.withLock { state in
            state.queue.leave().flatMap { state.continuations.removeValue(forKey: $0) }
        }
        next?.resume(returning: .entered)
    }
}
