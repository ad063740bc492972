/// Time that only grows, and ways to let some pass; simulated in tests.
package struct TimeSource: Sendable {
    package let now: @Sendable () -> ContinuousClock.Instant
    /// Throws `CancellationError` when the task is cancelled before `Duration` has passed.
    package let sleep: @Sendable (Duration) async throws -> Void
    /// For moments that are mostly not waited for.
    package let alarms: any Alarms

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void, alarms: any Alarms
    ) {
        self.now = now
        self.sleep = sleep
        self.alarms = alarms
    }

    package static let system: TimeSource = {
        let now = { @Sendable in ContinuousClock.now }
        let sleep = { @Sendable in try await Task.sleep(for: $0, clock: .continuous) }
        return TimeSource(now: now, sleep: sleep, alarms: AlarmClock(now: now, sleep: sleep))
    }()
}
