import Kernel

/// One statement that reads, on its way over any connection, and the caller that waits for its rows.
///
/// Unchecked because `continuation` is set before others see the call, the rest is touched under the lock of the
/// pipeline's core alone until the call is over, and from then on by the one that was handed it: to be resumed by
/// it, and after that to be read by the caller.
final class PipelinedCall: @unchecked Sendable {
    let command: PostgresConnection.Command
    let lane: PipelineState.Lane
    /// Its replica must have come this far before.
    let atLeast: UInt64?
    let deadline: ContinuousClock.Instant

    // Unsafe, that is: unchecked. A call is over once, and is handed out to be resumed by whoever made it so.
    var continuation: UnsafeContinuation<Void, any Error>?
    /// Among the calls under way; nil before it is one of them.
    var number: Int?
    var result: PostgresResult?
    var error: PostgresError?
    /// Where the server stood when it read, if it was asked.
    private(set) var mark: ReplicaMark?
    private(set) var isOver = false
    private var failure: Failure?

    init(
        _ command: PostgresConnection.Command, _ lane: PipelineState.Lane, atLeast: UInt64? = nil,
        deadline: ContinuousClock.Instant
    ) {
        self.command = command
        self.lane = lane
        self.atLeast = atLeast
        self.deadline = deadline
    }

    /// Ends with the rows, if the server told to have come far enough before it read them.
    func deliver(_ leading: ReplicaMark?, _ trailing: ReplicaMark?) {
        isOver = true
        if result == nil { return end(PostgresError(.connectionLost, message: "no answer").failure) }
        if let atLeast, let leading, leading.position < atLeast {
            let behind = PostgresError(
                .behind, message: "at \(leading.position), not \(atLeast)", mark: leading)
            return end(behind.failure)
        }
        if let trailing { mark = trailing.read(after: leading) }
    }

    func fail() { end((error ?? PostgresError(.connectionLost, message: "aborted")).failure) }

    func refuse(_ refusal: PipelineState.Refusal) { end(refusal.failure) }

    /// Answers the caller.
    func resume() {
        if let failure { continuation?.resume(throwing: failure) } else { continuation?.resume() }
    }

    private func end(_ failure: Failure) {
        isOver = true
        self.failure = failure
    }
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
