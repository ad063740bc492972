package import Kernel

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
/// `body` is cancelled then and awaited: it must heed cancellation soon. A value that it gives nevertheless counts,
/// any error is lateness.
package func withDeadline<Value: Sendable>(
    _ limit: Duration, of what: String, time: TimeSource = .system,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withDeadline(limit, late: .late(what), time: time, body)
}

/// As above, where it is `late` that is thrown once it has passed.
package func withDeadline<Value: Sendable>(
    _ limit: Duration, late: @autoclosure () -> Failure, time: TimeSource = .system,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let now = time.now()
    let deadline = Deadline.within(limit, now: now)
    guard deadline.moment > now else { throw late() }
    return try await Deadline.$current.withValue(deadline) {
        let work = Task { try await body() }
        let alarm = time.alarms.set(at: deadline.moment) { work.cancel() }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        let isLate = !time.alarms.clear(alarm)
        if isLate, case .failure = result, !Task.isCancelled { throw late() }
        return try result.get()
    }
}

extension Failure {
    static func late(_ what: String) -> Failure {
        Failure(.timeout, "timeout", "\(what) did not answer in time.")
    }
}
