package import Kernel
private import Synchronization

/// Whether a remote adapter is asked or what stands in for it, for ports whose loss nobody has to notice.
///
/// Adds nothing to a call but the look at a breaker: an adapter that keeps its own deadline needs no task to keep it.
package final class FallbackSwitch: Sendable {
    package struct Settings: Sendable {
        package var breaker = Breaker.Settings()
        /// Of one call; nil where the adapter has one of its own, as all of Redis have.
        package var deadline: Duration?

        package init() {}
    }

    /// What `/readyz` tells while something stands in.
    package struct Degradation: Sendable, Equatable {
        package let dependency: String
        /// The first failure since the last success.
        package let since: Timestamp
        package let failure: Failure.Kind
    }

    package enum Event: Sendable, Equatable {
        case fellBack(dependency: String, operation: String)
        case breakerChanged(dependency: String, Breaker.State)
    }

    package let name: String
    private let deadline: Duration?
    private let time: TimeSource
    private let breaker: BreakerGate
    private let trouble = Mutex<Degradation?>(nil)
    private let observe: @Sendable (Event) -> Void

    /// `name` is what people call the dependency. `observe` is called on callers' tasks and must not block.
    package init(
        _ name: String, settings: Settings = .init(), time: TimeSource = .system,
        observe: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.name = name
        self.time = time
        self.observe = observe
        deadline = settings.deadline
        breaker = BreakerGate(name, settings: settings.breaker, time: time) {
            observe(.breakerChanged(dependency: name, $0))
        }
    }

    /// Nil while the dependency answers.
    package var degradation: Degradation? { trouble.withLock { $0 } }

    /// The value of `remote`, or of `local` if that fails, is late, or is not asked. Answers such as `conflict` and
    /// cancellation are the caller's.
    func run<Value: Sendable>(
        _ operation: String, remote: @escaping @Sendable () async throws -> Value,
        local: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard case .admitted(let ticket) = breaker.tryAdmit() else {
            return try await fallBack(operation, local)
        }
        do {
            let value = try await limited(remote)
            breaker.record(.success, of: ticket)
            trouble.withLock { $0 = nil }
            return value
        } catch {
            let outcome = Breaker.Outcome(of: error)
            breaker.record(outcome, of: ticket)
            guard outcome == .failure, !Task.isCancelled else { throw error }
            note(Failure.wrapping(error))
        }
        return try await fallBack(operation, local)
    }

    private func limited<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        guard let deadline else { return try await body() }
        return try await withDeadline(deadline, of: name, time: time, body)
    }

    private func fallBack<Value: Sendable>(
        _ operation: String, _ local: @Sendable () async throws -> Value
    ) async throws -> Value {
        observe(.fellBack(dependency: name, operation: operation))
        return try await local()
    }

    private func note(_ failure: Failure) {
        trouble.withLock { trouble in
            trouble = Degradation(
                dependency: name, since: trouble?.since ?? .now(), failure: failure.kind)
        }
    }
}
