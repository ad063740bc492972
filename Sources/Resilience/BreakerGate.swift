import Kernel
private import Synchronization

/// A breaker that many tasks share.
package final class BreakerGate: Sendable {
    /// What is behind it, as people and metrics call it.
    package let name: String
    private let breaker: Mutex<Breaker>
    private let time: TimeSource
    private let onChange: @Sendable (Breaker.State) -> Void

    /// `onChange` is told each new state, on the task whose call led to it.
    package init(
        _ name: String, settings: Breaker.Settings = .init(), time: TimeSource = .system,
        onChange: @escaping @Sendable (Breaker.State) -> Void = { _ in }
    ) {
        self.name = name
        self.time = time
        self.onChange = onChange
        breaker = Mutex(Breaker(settings))
    }

    package var state: Breaker.State { breaker.withLock { $0.state } }

    /// Runs `body` and learns from its end; `unavailable`, with the time to wait, if it is not admitted.
    package func call<Value>(_ body: () async throws -> Value) async throws -> Value {
        let ticket = try admit()
        do {
            let value = try await body()
            record(.success, of: ticket)
            return value
        } catch {
            record(Breaker.Outcome(of: error), of: ticket)
            throw error
        }
    }

    /// `unavailable` if calls are refused now. Every ticket must come back with `record`.
    package func admit() throws -> Breaker.Ticket {
        switch tryAdmit() {
        case .admitted(let ticket): return ticket
        case .refused(let wait):
            var failure = Failure.unavailable(name)
            failure.retryAfter = wait
            throw failure
        }
    }

    package func tryAdmit() -> Breaker.Admission {
        let (admission, change) = breaker.withLock { breaker in
            let before = breaker.state
            let admission = breaker.admit(at: time.now())
            return (admission, breaker.state == before ? nil : breaker.state)
        }
        if let change { onChange(change) }
        return admission
    }

    package func record(_ outcome: Breaker.Outcome, of ticket: Breaker.Ticket) {
        let change = breaker.withLock { $0.record(outcome, of: ticket, at: time.now()) }
        if let change { onChange(change) }
    }
}
