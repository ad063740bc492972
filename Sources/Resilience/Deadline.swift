import Kernel

/// The moment by which a request must be answered, passed down to all that is done for it.
package struct Deadline: Sendable, Equatable {
    @TaskLocal package static var current: Deadline?

    package let moment: ContinuousClock.Instant

    package init(_ moment: ContinuousClock.Instant) { self.moment = moment }

    /// The sooner of `limit` from now and the current one.
    package static func within(_ limit: Duration, now: ContinuousClock.Instant) -> Deadline {
        let moment = now + limit
        guard let current, current.moment < moment else { return Deadline(moment) }
        return current
    }

    package func remaining(at now: ContinuousClock.Instant) -> Duration { max(.zero, moment - now) }
}

/// Runs `body` with `limit` as its deadline, or the current one if that is sooner. `timeout` once it has passed.
///
/// `body` is cancelled then and awaited: it must heed cancellation soon.
package func withDeadline<Value: Sendable>(
    _ limit: Duration, of what: String, time: TimeSource = .system,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let deadline = Deadline.within(limit, now: time.now())
    let remaining = deadline.remaining(at: time.now())
    guard remaining > .zero else { throw Failure.late(what) }
    return try await Deadline.$current.withValue(deadline) {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await time.sleep(remaining)
                return nil
            }
            defer { group.cancelAll() }
            do {
                guard let first = try await group.next(), let value = first else {
                    throw Failure.late(what)
                }
                return value
            } catch is CancellationError
                where !Task.isCancelled && deadline.remaining(at: time.now()) == .zero
            {
                throw Failure.late(what)
            }
        }
    }
}

extension Failure {
    static func late(_ what: String) -> Failure {
        Failure(.timeout, "timeout", "\(what) did not answer in time.")
    }
}
