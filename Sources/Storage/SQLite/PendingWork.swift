import Kernel
import Relational

/// A body that waits for a connection, and the caller that waits for its answer.
protocol PendingWork: Sendable {
    /// Runs the body and keeps what it gave; true unless it threw.
    func perform(_ connection: SQLiteConnection) -> Bool
    /// Answers the caller: with what the body gave, or with `failure` where the commit was lost.
    func answer(_ failure: (any Error)?)
}

/// Unchecked because the thread that took it from the queue is the only one to touch `result`.
final class PendingCall<Value: Sendable>: PendingWork, @unchecked Sendable {
    private let body: @Sendable (any SQLConnection) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private var result: Result<Value, any Error>?

    init(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value,
        _ continuation: CheckedContinuation<Value, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func perform(_ connection: SQLiteConnection) -> Bool {
        let outcome = Result { try body(connection) }
        result = outcome
        if case .success = outcome { return true }
        return false
    }

    func answer(_ failure: (any Error)?) {
        switch (result, failure) {
        // A body's own failure is the more telling one, and stands whatever became of the commit.
        case (.failure(let error), _): continuation.resume(throwing: error)
        case (_, .some(let error)): continuation.resume(throwing: error)
        case (.success(let value), nil): continuation.resume(returning: value)
        case (nil, nil): continuation.resume(throwing: Failure.unavailable("The database"))
        }
    }
}
