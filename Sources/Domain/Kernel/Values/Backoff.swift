/// Exponential waits with full jitter, bounded.
package struct Backoff: Sendable, Equatable {
    package let first: Duration
    package let maximum: Duration

    package init(first: Duration, maximum: Duration) {
        self.first = first
        self.maximum = maximum
    }

    /// The longest wait before attempt `attempt + 1`; `attempt` counts from 1.
    package func ceiling(afterAttempt attempt: Int) -> Duration {
        min(maximum, first * (1 << min(max(0, attempt - 1), 20)))
    }

    /// A wait drawn evenly between a tenth of the ceiling and the ceiling, so that many failing at once spread out.
    package func delay(afterAttempt attempt: Int) -> Duration {
        let milliseconds = max(1, ceiling(afterAttempt: attempt).inMilliseconds)
        return .milliseconds(Int64.random(in: max(1, milliseconds / 10)...milliseconds))
    }
}
