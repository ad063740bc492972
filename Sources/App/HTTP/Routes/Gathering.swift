import Kernel
import Synchronization

/// Several answers at once, of which each may fail or be late without keeping the others.
actor Gathering {
    private let deadline: Duration
    private var failed: [String] = []

    init(deadline: Duration) { self.deadline = deadline }

    /// Names of the parts that did not come.
    var missing: [String] { failed.sorted() }

    /// What `body` gives; nil, and the name is noted, if it fails or is not done by the deadline. A late one is
    /// cancelled and not waited for: whatever it hangs on may not heed that.
    nonisolated func part<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws -> Value
    ) async -> Value? {
        let value = await Self.value(within: deadline, body)
        if value == nil { await note(name) }
        return value
    }

    private func note(_ name: String) { failed.append(name) }

    private static func value<Value: Sendable>(
        within deadline: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async -> Value? {
        let slot = Slot<Value>()
        let work = Task {
            // Whatever went wrong, the part is missing; its own call has told of it where that matters.
            slot.fill(try? await body())
        }
        let alarm = Task {
            // A cancelled sleep throws: then the slot is filled.
            try? await Task.sleep(for: deadline)
            slot.fill(nil)
        }
        defer {
            work.cancel()
            alarm.cancel()
        }
        return await withTaskCancellationHandler {
            await slot.value()
        } onCancel: {
            slot.fill(nil)
        }
    }
}

/// A value that is waited for once; the first to come counts.
private final class Slot<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value?, Never>)
        case full(Value?)
        case done
    }

    private let state = Mutex(State.empty)

    func fill(_ value: Value?) {
        let waiting = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .empty:
                state = .full(value)
                return nil
            case .awaited(let continuation):
                state = .done
                return continuation
            case .full, .done: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    func value() async -> Value? {
        await withCheckedContinuation { continuation in
            let early = state.withLock { state -> Value?? in
                guard case .full(let value) = state else {
                    state = .awaited(continuation)
                    return .none
                }
                state = .done
                return .some(value)
            }
            if let early { continuation.resume(returning: early) }
        }
    }
}
