package import Kernel
package import Resilience

/// All instances that the gateway knows, by role: who may be asked, who is chosen, and what is learnt from it.
/// A value on a clock given to it.
package struct Fleet: Sendable {
    package struct Settings: Sendable, Equatable {
        package var health = InstanceHealth.Settings()
        package var breaker = Breaker.Settings()
        /// Of each role. An instance that dies with requests in hand takes one of it for each.
        package var retryBudget = RetryBudget.Settings()

        package init() { retryBudget.reserve = 100 }
    }

    /// An instance that was chosen; must come back with `finish`.
    package struct Choice: Sendable, Equatable {
        package let instance: Instance
        let ticket: Breaker.Ticket
    }

    package struct Member: Sendable {
        package fileprivate(set) var instance: Instance
        package fileprivate(set) var inFlight = 0
        package fileprivate(set) var health: InstanceHealth
        package fileprivate(set) var breaker: Breaker
    }

    package enum Change: Sendable, Equatable {
        case joined(String)
        case left(String)
        case ejected(String)
        case returned(String)
        case breaker(String, Breaker.State)
    }

    private struct Pool: Sendable {
        var members: [Member] = []
        var balancers: [BalancingPolicy: Balancer] = [:]
        var budget: RetryBudget
        /// The first list is who was there before; later arrivals start slowly.
        var isFilled = false
    }

    private let settings: Settings
    private var pools: [String: Pool] = [:]
    private var random: SplitMix64

    package init(_ settings: Settings, seed: UInt64 = .random(in: .min ... .max)) {
        self.settings = settings
        random = SplitMix64(state: seed)
    }

    package func members(of role: String) -> [Member] { pools[role]?.members ?? [] }

    /// What the directory says now. Those that are still there keep what is known of them.
    package mutating func update(
        _ role: String, to instances: [Instance], at now: ContinuousClock.Instant
    ) -> [Change] {
        var pool = pools[role] ?? Pool(budget: RetryBudget(settings.retryBudget))
        let known = Dictionary(pool.members.map { ($0.instance.id, $0) }) { first, _ in first }
        var changes: [Change] = []
        pool.members = instances.map { instance in
            if var member = known[instance.id], member.instance.address == instance.address {
                member.instance = instance
                return member
            }
            changes.append(.joined(instance.id))
            let health = InstanceHealth(settings.health, since: pool.isFilled ? now : nil)
            return Member(instance: instance, health: health, breaker: Breaker(settings.breaker))
        }
        let present = Set(instances.map(\.id))
        changes += known.keys.filter { !present.contains($0) }.sorted().map { .left($0) }
        pool.isFilled = pool.isFilled || !instances.isEmpty
        pools[role] = pool
        return changes
    }

    /// One of those that are ready, not ejected, not behind an open breaker, and not `excluded`. Where all that are
    /// ready are ejected, they are tried all the same: what ejects everybody is rarely the instances' own fault.
    package mutating func choose(
        _ role: String, by policy: BalancingPolicy, key: UInt64, excluding excluded: Set<String> = [],
        at now: ContinuousClock.Instant
    ) -> Choice? {
        guard pools[role] != nil else { return nil }
        var refused = excluded
        while let index = pick(role, by: policy, key: key, excluding: refused, at: now) {
            let instance = pools[role]!.members[index].instance
            if case .admitted(let ticket) = pools[role]!.members[index].breaker.admit(at: now) {
                pools[role]!.members[index].inFlight += 1
                return Choice(instance: instance, ticket: ticket)
            }
            refused.insert(instance.id)
        }
        return nil
    }

    private mutating func pick(
        _ role: String, by policy: BalancingPolicy, key: UInt64, excluding excluded: Set<String>,
        at now: ContinuousClock.Instant
    ) -> Int? {
        var indices: [Int] = []
        var candidates: [Candidate] = []
        guard let members = pools[role]?.members else { return nil }
        let isAnyWell = members.contains { $0.instance.state == .ready && $0.health.readiness(at: now) > 0 }
        for (index, member) in members.enumerated() {
            let instance = member.instance
            guard instance.state == .ready, excluded.isEmpty || !excluded.contains(instance.id) else {
                continue
            }
            let readiness = isAnyWell ? member.health.readiness(at: now) : 1
            guard readiness > 0 else { continue }
            indices.append(index)
            candidates.append(
                Candidate(
                    id: instance.id, weight: instance.weight, readiness: readiness, inFlight: member.inFlight)
            )
        }
        let seed = random.next()
        let choice = pools[role]!.balancers[policy, default: Balancer(policy, seed: seed)]
            .choose(candidates, key: key)
        return choice.map { indices[$0] }
    }

    /// The chosen instance answered, failed, or was given up by the client.
    package mutating func finish(
        _ choice: Choice, _ outcome: Breaker.Outcome, at now: ContinuousClock.Instant
    ) -> [Change] {
        let settings = settings
        return change(choice.instance.id, of: choice.instance.role) { member in
            member.inFlight = max(0, member.inFlight - 1)
            var changes: [Change] = []
            if let state = member.breaker.record(outcome, of: choice.ticket, at: now) {
                changes.append(.breaker(member.instance.id, state))
            }
            if outcome != .ignored, let change = member.health.record(success: outcome == .success, at: now) {
                changes.append(Self.settle(change, &member, settings))
            }
            return changes
        }
    }

    package mutating func probed(
        _ instance: Instance, success: Bool, at now: ContinuousClock.Instant
    ) -> [Change] {
        let settings = settings
        return change(instance.id, of: instance.role) { member in
            member.health.probed(success: success, at: now).map { [Self.settle($0, &member, settings)] } ?? []
        }
    }

    /// Lets time end ejections that no probe ends.
    package mutating func pass(_ role: String, to now: ContinuousClock.Instant) -> [Change] {
        let settings = settings
        let ejected = members(of: role).filter(\.health.isEjected)
        return ejected.flatMap { member in
            change(member.instance.id, of: role) { member in
                member.health.pass(to: now).map { [Self.settle($0, &member, settings)] } ?? []
            }
        }
    }

    /// A request that is no retry was made.
    package mutating func deposit(_ role: String) { pools[role]?.budget.deposit() }

    /// Whether one more retry is allowed.
    package mutating func withdrawRetry(_ role: String) -> Bool { pools[role]?.budget.withdraw() ?? false }

    private mutating func change(
        _ id: String, of role: String, _ body: (inout Member) -> [Change]
    ) -> [Change] {
        guard let index = pools[role]?.members.firstIndex(where: { $0.instance.id == id }) else { return [] }
        return body(&pools[role]!.members[index])
    }

    private static func settle(
        _ change: InstanceHealth.Change, _ member: inout Member, _ settings: Settings
    ) -> Change {
        switch change {
        case .ejected: return .ejected(member.instance.id)
        case .returned:
            // What it did before it was out is settled.
            member.breaker = Breaker(settings.breaker)
            return .returned(member.instance.id)
        }
    }
}
