import Kernel
import Synchronization

/// One statement that reads, ready to be sent over any connection.
struct PipelinedStatement: Sendable {
    let command: PostgresConnection.Command
    let lane: PipelineState.Lane
    /// Its replica must have come this far before.
    let atLeast: UInt64?
    let deadline: ContinuousClock.Instant
}

/// A statement under way, and the caller that waits for its rows.
struct PipelinedRead {
    typealias Answer = Positioned<PostgresResult>

    let statement: PipelinedStatement
    let continuation: CheckedContinuation<Answer, any Error>
    var result: PostgresResult?
    var error: PostgresError?

    /// Answers with the rows, if the server told to have come far enough before it read them.
    func deliver(_ leading: ReplicaMark?, _ trailing: ReplicaMark?) {
        guard let result else {
            return continuation.resume(throwing: PostgresError(.connectionLost, message: "no answer").failure)
        }
        if let atLeast = statement.atLeast, let leading, leading.position < atLeast {
            let behind = PostgresError(
                .behind, message: "at \(leading.position), not \(atLeast)", mark: leading)
            return continuation.resume(throwing: behind.failure)
        }
        continuation.resume(returning: Positioned(result, trailing.map { $0.read(after: leading) }))
    }

    func fail() {
        let error = error ?? PostgresError(.connectionLost, message: "aborted")
        continuation.resume(throwing: error.failure)
    }

    func refuse(_ refusal: PipelineState.Refusal) { continuation.resume(throwing: refusal.failure) }
}

extension ReplicaMark {
    /// The mark of a statement between two questions: no earlier than what it saw, with a snapshot no later.
    fileprivate func read(after leading: ReplicaMark?) -> ReplicaMark {
        guard let leading, !isReplica else { return self }
        return ReplicaMark(
            isReplica: isReplica, position: position, received: received, snapshot: leading.snapshot,
            timeline: timeline)
    }
}

extension PipelineState.Refusal {
    var failure: Failure {
        switch self {
        case .full: PoolState.Refusal.full.failure
        case .late: PostgresError(.timeout, message: "no answer by the deadline").failure
        case .closed: PoolState.Refusal.closed.failure
        case .abandoned: PoolState.Refusal.abandoned.failure
        case .unreachable: PoolState.Refusal.unreachable.failure
        case .lost: PostgresError(.connectionLost, message: "lost again and again").failure
        }
    }
}
