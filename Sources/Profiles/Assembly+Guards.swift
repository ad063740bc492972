import Kernel
import Resilience
import Telemetry

/// Something that was opened, how to look at it, and how to let it go.
struct Opened<Port: Sendable>: Sendable {
    let port: Port
    let probe: HealthProbe?
    let close: @Sendable () async -> Void

    init(_ port: Port, probe: HealthProbe? = nil, close: @escaping @Sendable () async -> Void = {}) {
        self.port = port
        self.probe = probe
        self.close = close
    }
}

extension Assembly {
    /// The guard of one remote dependency; what it does is counted.
    func guarded(
        _ name: String, deadline: Duration, transferDeadline: Duration? = nil, concurrent: Int? = nil
    ) -> Guarded {
        var settings = Guarded.Settings()
        settings.attemptDeadline = deadline
        settings.deadline = deadline * 2
        if let transferDeadline { settings.transferDeadline = transferDeadline }
        if let concurrent { settings.bulkhead.concurrency = concurrent }
        return Guarded(name, settings: settings) { [metrics] event in
            switch event {
            case .succeeded(let operation, _, let seconds):
                metrics.observe(
                    seconds, in: "dependency_seconds", help: "Time of calls to a dependency.",
                    labels: ["dependency": name, "operation": operation])
            case .failed(let operation, let kind, _):
                metrics.add(
                    to: "dependency_failures_total", help: "Failed calls to a dependency.",
                    labels: ["dependency": name, "operation": operation, "kind": kind.rawValue])
            case .retried(let operation):
                metrics.add(
                    to: "dependency_retries_total", help: "Calls to a dependency that were tried again.",
                    labels: ["dependency": name, "operation": operation])
            case .fellBack(let operation, let substitute):
                metrics.add(
                    to: "dependency_fallbacks_total", help: "Calls that a stand-in served.",
                    labels: ["dependency": name, "operation": operation, "substitute": substitute])
            case .breakerChanged(let state): metrics.note(state, of: name)
            }
        }
    }
}

extension MetricRegistry {
    func note(_ state: Breaker.State, of dependency: String) {
        add(
            to: "dependency_breaker_changes_total", help: "Changes of a dependency's breaker.",
            labels: ["dependency": dependency, "state": state.name])
    }
}

extension Breaker.State {
    fileprivate var name: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half_open"
        }
    }
}
