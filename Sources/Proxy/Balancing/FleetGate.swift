import Kernel
import Resilience
import Synchronization

/// The fleet as all event loops share it.
final class FleetGate: Sendable {
    private let fleet: Mutex<Fleet>
    private let time: TimeSource
    private let observe: @Sendable (ProxyEvent) -> Void

    init(_ settings: Fleet.Settings, time: TimeSource, observe: @escaping @Sendable (ProxyEvent) -> Void) {
        fleet = Mutex(Fleet(settings))
        self.time = time
        self.observe = observe
    }

    func choose(_ rule: RouteRule, key: UInt64, excluding tried: Set<String>, isFirst: Bool) -> Fleet.Choice?
    {
        fleet.withLock { fleet in
            if isFirst { fleet.deposit(rule.role) }
            return fleet.choose(rule.role, by: rule.policy, key: key, excluding: tried, at: time.now())
        }
    }

    func finish(_ choice: Fleet.Choice, _ outcome: Breaker.Outcome) {
        tell(choice.instance.role, fleet.withLock { $0.finish(choice, outcome, at: time.now()) })
    }

    func withdrawRetry(_ role: String) -> Bool { fleet.withLock { $0.withdrawRetry(role) } }

    func update(_ role: String, to instances: [Instance]) {
        tell(role, fleet.withLock { $0.update(role, to: instances, at: time.now()) })
    }

    func probed(_ instance: Instance, success: Bool) {
        tell(instance.role, fleet.withLock { $0.probed(instance, success: success, at: time.now()) })
    }

    func pass(_ roles: Set<String>) {
        for role in roles { tell(role, fleet.withLock { $0.pass(role, to: time.now()) }) }
    }

    func status(of role: String) -> [InstanceStatus] {
        fleet.withLock { $0.members(of: role) }.map {
            InstanceStatus(
                instance: $0.instance, inFlight: $0.inFlight, isEjected: $0.health.isEjected,
                breaker: $0.breaker.state)
        }
    }

    private func tell(_ role: String, _ changes: [Fleet.Change]) {
        for change in changes { observe(.fleet(role: role, change)) }
    }
}
