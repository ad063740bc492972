package import Kernel

/// Decides whether a failed attempt is followed by another, and when.
package struct Retry: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        /// Including the first.
        package var attempts = 3
        package var backoff = Backoff(first: .milliseconds(50), maximum: .seconds(1))

        package init() {}
    }

    package enum Decision: Sendable, Equatable {
        case wait(Duration)
        case giveUp
    }

    /// An attempt that just failed.
    package struct Attempt: Sendable {
        /// From 1.
        package let number: Int
        package let failure: Failure
        /// Whether doing it twice is as doing it once.
        package let isIdempotent: Bool
        /// Until the call's deadline.
        package let remaining: Duration

        package init(number: Int, failure: Failure, isIdempotent: Bool, remaining: Duration) {
            self.number = number
            self.failure = failure
            self.isIdempotent = isIdempotent
            self.remaining = remaining
        }
    }

    package let settings: Settings

    package init(_ settings: Settings) { self.settings = settings }

    /// Only what is transient and idempotent, never past the deadline, never beyond the budget. Waits with full
    /// jitter, and at least as long as the dependency asked for.
    package func decide(after attempt: Attempt, budget: inout RetryBudget) -> Decision {
        guard attempt.isIdempotent, attempt.failure.isTransient, attempt.number < settings.attempts else {
            return .giveUp
        }
        let delay = max(
            settings.backoff.delay(afterAttempt: attempt.number), attempt.failure.retryAfter ?? .zero)
        guard delay < attempt.remaining, budget.withdraw() else { return .giveUp }
        return .wait(delay)
    }
}
