import Kernel

/// What was committed and what came of it; tells what does not fit.
struct EventHistory: Sendable {
    enum Fault: Hashable, Sendable {
        /// Committed, and never applied.
        case lost(EventID)
        /// Applied, and never committed.
        case invented(EventID)
        case appliedTwice(EventID)
        /// Applied after a later event of its key.
        case outOfOrder(EventID)
    }

    private struct Key: Hashable {
        let tenant: TenantID
        let key: String
    }

    private var committed: [Event] = []
    private var applied: [Event] = []

    /// In the order of commits.
    mutating func commit(_ event: Event) { committed.append(event) }

    /// In the order of effects.
    mutating func apply(_ event: Event) { applied.append(event) }

    var appliedCount: Int { Set(applied.map(\.id)).count }

    var faults: Set<Fault> {
        var faults: Set<Fault> = []
        let ranks = Dictionary(committed.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var seen: Set<EventID> = []
        var last: [Key: Int] = [:]
        for event in applied {
            guard let rank = ranks[event.id] else {
                faults.insert(.invented(event.id))
                continue
            }
            guard seen.insert(event.id).inserted else {
                faults.insert(.appliedTwice(event.id))
                continue
            }
            let key = Key(tenant: event.tenant, key: event.key)
            if let before = last[key], before > rank { faults.insert(.outOfOrder(event.id)) }
            last[key] = max(last[key] ?? rank, rank)
        }
        for event in committed where !seen.contains(event.id) { faults.insert(.lost(event.id)) }
        return faults
    }
}
