/// Time that only grows, and a way to let some pass; simulated in tests.
package struct TimeSource: Sendable {
    package let now: @Sendable () -> ContinuousClock.Instant
    /// Throws `CancellationError` when the task is cancelled before `Duration` has passed.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    package static let system = TimeSource(
        now: { .now }, sleep: { try await Task.sleep(for: $0, clock: .continuous) })
}
