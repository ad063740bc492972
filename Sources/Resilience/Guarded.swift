package import Kernel
private import Synchronization

/// One remote dependency and all that stands between it and its callers:
/// deadline, then bulkhead, then attempts, each of which the breaker must admit, then the fallback if there is one.
package final class Guarded: Sendable {
    package struct Settings: Sendable {
        /// Of one call with all its attempts, unless the request's own ends sooner.
        package var deadline = Duration.seconds(5)
        /// Of one attempt; a slow one is given up so that another may be made.
        package var attemptDeadline = Duration.seconds(2)
        /// Of a transfer of a whole object, whose progress cannot be seen.
        package var transferDeadline = Duration.seconds(900)
        package var bulkhead = Bulkhead.Settings()
        package var breaker = Breaker.Settings()
        package var retry = Retry.Settings()
        package var budget = RetryBudget.Settings()

        package init() {}
    }

    /// What is told to metrics; `operation` is the port's method.
    package enum Event: Sendable, Equatable {
        case succeeded(operation: String, attempts: Int, seconds: Double)
        case failed(operation: String, kind: Failure.Kind, seconds: Double)
        case retried(operation: String)
        case fellBack(operation: String, to: String)
        case breakerChanged(Breaker.State)
    }

    /// A call of the port. Only an idempotent one is tried again.
    package struct Call: Sendable {
        package let operation: String
        package let isIdempotent: Bool
        /// In place of the settings'; nil where the call has no deadline of its own, such as a stream.
        package var deadline: Duration?
        package var attemptDeadline: Duration?
    }

    package let name: String
    package let settings: Settings
    let time: TimeSource
    private let bulkhead: Bulkhead
    private let breaker: BreakerGate
    private let retry: Retry
    private let budget: Mutex<RetryBudget>
    private let health = Mutex(Health())
    private let observe: @Sendable (Event) -> Void

    private struct Health {
        var lastFailure: Failure.Kind?
        var fallback: String?
    }

    /// `name` is what people call it. `observe` is called on callers' tasks and must not block.
    package init(
        _ name: String, settings: Settings = .init(), time: TimeSource = .system,
        observe: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.name = name
        self.settings = settings
        self.time = time
        self.observe = observe
        bulkhead = Bulkhead(name, settings: settings.bulkhead)
        breaker = BreakerGate(name, settings: settings.breaker, time: time) {
            observe(.breakerChanged($0))
        }
        retry = Retry(settings.retry)
        budget = Mutex(RetryBudget(settings.budget))
    }

    /// A call with the deadlines of the settings.
    package func call(_ operation: String, isIdempotent: Bool) -> Call {
        Call(
            operation: operation, isIdempotent: isIdempotent, deadline: settings.deadline,
            attemptDeadline: settings.attemptDeadline)
    }

    /// The value of `body`; else, if the dependency fails, of the fallback; else throws.
    ///
    /// Answers such as `not_found` are the dependency's word and go to the caller. So does cancellation.
    package func run<Value: Sendable>(
        _ call: Call, fallback: NamedFallback<Value>? = nil,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let start = time.now()
        do {
            let (value, attempts) = try await within(call.deadline) {
                try await self.bulkhead.run { try await self.attempt(call, body) }
            }
            noteSuccess()
            observe(
                .succeeded(operation: call.operation, attempts: attempts, seconds: seconds(since: start)))
            return value
        } catch {
            let failure = Failure.wrapping(error)
            observe(.failed(operation: call.operation, kind: failure.kind, seconds: seconds(since: start)))
            guard Breaker.Outcome(of: failure) == .failure else { throw error }
            note(failure, fallback: fallback?.name)
            guard let fallback, !Task.isCancelled else { throw failure }
            observe(.fellBack(operation: call.operation, to: fallback.name))
            return try await fallback.value(failure)
        }
    }

    private func within<Value: Sendable>(
        _ limit: Duration?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let limit else { return try await body() }
        return try await withDeadline(limit, of: name, time: time, body)
    }

    private func attempt<Value: Sendable>(
        _ call: Call, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (Value, attempts: Int) {
        budget.withLock { $0.deposit() }
        var number = 1
        while true {
            // Without a place in the breaker there is no attempt, and nothing to try again.
            let ticket = try breaker.admit()
            do {
                let value = try await within(call.attemptDeadline, body)
                breaker.record(.success, of: ticket)
                return (value, number)
            } catch {
                breaker.record(outcome(of: error), of: ticket)
                guard case .wait(let delay) = decide(call, number, .wrapping(error)) else { throw error }
                observe(.retried(operation: call.operation))
                try await time.sleep(delay)
                number += 1
            }
        }
    }

    /// An attempt that the call's deadline cut off was slow, though all it says is that it was cancelled.
    private func outcome(of error: any Error) -> Breaker.Outcome {
        let outcome = Breaker.Outcome(of: error)
        guard outcome == .ignored, let deadline = Deadline.current else { return outcome }
        return deadline.remaining(at: time.now()) == .zero ? .failure : outcome
    }

    private func decide(_ call: Call, _ number: Int, _ failure: Failure) -> Retry.Decision {
        let remaining = Deadline.current?.remaining(at: time.now()) ?? .seconds(3600)
        let attempt = Retry.Attempt(
            number: number, failure: failure, isIdempotent: call.isIdempotent, remaining: remaining)
        return budget.withLock { retry.decide(after: attempt, budget: &$0) }
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double { (time.now() - start).inSeconds }
}

extension Guarded {
    /// How a dependency is, by the calls made of it.
    package struct Condition: Sendable, Equatable {
        package let name: String
        package let breaker: Breaker.State
        /// Of the last call, nil if it succeeded.
        package let failure: Failure.Kind?
        /// What stood in at the last failure.
        package let fallback: String?

        package var isUp: Bool { breaker == .closed && failure == nil }
    }

    package var condition: Condition {
        let health = health.withLock { $0 }
        return Condition(
            name: name, breaker: breaker.state, failure: health.lastFailure, fallback: health.fallback)
    }

    private func noteSuccess() { health.withLock { $0 = Health() } }

    private func note(_ failure: Failure, fallback: String?) {
        health.withLock { $0 = Health(lastFailure: failure.kind, fallback: fallback) }
    }
}

/// What a caller gets while a dependency fails, by the name that metrics and documents use.
package struct NamedFallback<Value: Sendable>: Sendable {
    package let name: String
    package let value: @Sendable (Failure) async throws -> Value

    package init(_ name: String, _ value: @escaping @Sendable (Failure) async throws -> Value) {
        self.name = name
        self.value = value
    }
}
