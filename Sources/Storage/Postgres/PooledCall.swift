import Kernel
import Synchronization

/// What a call's thread is told about it meanwhile.
final class CallControl: Sendable {
    let number: Int
    let deadline: ContinuousClock.Instant
    private let abandoned = Atomic(false)

    init(_ number: Int, deadline: ContinuousClock.Instant) {
        self.number = number
        self.deadline = deadline
    }

    /// Nobody waits for the answer any more.
    var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    func abandon() { abandoned.store(true, ordering: .relaxed) }
}

/// A body that waits for a connection, and the caller that waits for its answer.
protocol PoolCall: Sendable {
    var control: CallControl { get }
    /// Runs the body and keeps what it gave.
    func perform(_ session: PostgresSession)
    /// Answers the caller with what the body gave, or with `failure` where it never ran.
    func answer(_ failure: (any Error)?)
}

/// Unchecked because only the thread that runs the call touches `result`.
final class PooledCall<Value: Sendable>: PoolCall, @unchecked Sendable {
    let control: CallControl
    private let body: @Sendable (PostgresSession, CallControl) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private var result: Result<Value, any Error>?

    init(
        _ control: CallControl, _ body: @escaping @Sendable (PostgresSession, CallControl) throws -> Value,
        _ continuation: CheckedContinuation<Value, any Error>
    ) {
        self.control = control
        self.body = body
        self.continuation = continuation
    }

    func perform(_ session: PostgresSession) {
        result = Result { try body(session, control) }
    }

    func answer(_ failure: (any Error)?) {
        switch (failure, result) {
        case (.some(let error), _): continuation.resume(throwing: Self.failure(error))
        case (nil, .failure(let error)): continuation.resume(throwing: Self.failure(error))
        case (nil, .success(let value)): continuation.resume(returning: value)
        case (nil, nil): continuation.resume(throwing: Failure.unavailable("The database"))
        }
    }

    /// Errors of this engine in the words of the domain; a body's own stay as they are.
    private static func failure(_ error: any Error) -> any Error {
        (error as? PostgresError)?.failure ?? error
    }
}
