import Kernel
import Resilience

/// Several answers at once, of which each may fail or be late without keeping the others.
actor Gathering {
    private let deadline: Duration
    private let onFailure: @Sendable (_ part: String, any Error) -> Void
    private var failed: [String] = []

    /// `onFailure` is told why each part that did not come is missing.
    init(deadline: Duration, onFailure: @escaping @Sendable (_ part: String, any Error) -> Void) {
        self.deadline = deadline
        self.onFailure = onFailure
    }

    /// Names of the parts that did not come.
    var missing: [String] { failed.sorted() }

    /// What `body` gives; nil, and the name is noted, if it fails or is not done by the deadline. A late one is
    /// cancelled and not waited for: whatever it hangs on may not heed that.
    nonisolated func part<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () async throws -> Value
    ) async -> Value? {
        do {
            return try await Self.value(within: deadline, body)
        } catch {
            // Of a caller who left nothing is missing.
            if !Task.isCancelled { onFailure(name, error) }
            await note(name)
            return nil
        }
    }

    private func note(_ name: String) { failed.append(name) }

    private static func value<Value: Sendable>(
        within deadline: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let answer = FirstAnswer<Value>()
        let work = Task {
            do {
                let value = try await body()
                answer.give(.success(value))
            } catch {
                answer.give(.failure(error))
            }
        }
        let alarms = TimeSource.system.alarms
        let alarm = alarms.set(at: .now + deadline) {
            answer.give(.failure(Failure(.timeout, "timeout", "It was not there after \(deadline).")))
        }
        defer {
            work.cancel()
            alarms.clear(alarm)
        }
        return try await withTaskCancellationHandler {
            try await answer.value
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }
}
