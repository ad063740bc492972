import Kernel

/// Which of the jobs in view go next, so that no tenant has more running than another that waits.
struct FairChoice {
    /// A job that is due, oldest first in every list.
    struct Candidate: Sendable, Equatable {
        let job: JobID
        let tenant: TenantID
        let dueAt: Timestamp
    }

    /// Running jobs by tenant, the chosen ones included.
    private(set) var running: [TenantID: Int]
    private(set) var chosen: [Candidate] = []
    private var view: [Candidate]

    /// Of a `view` that is in order.
    init(running: [TenantID: Int], view: [Candidate] = []) {
        self.running = running
        self.view = view
    }

    /// What is in view and not chosen.
    var left: [Candidate] { view }

    /// More candidates; those in view already are passed over.
    mutating func add(_ candidates: [Candidate]) {
        let known = Set(view.map(\.job)).union(chosen.map(\.job))
        view = (view + candidates.filter { !known.contains($0.job) }).sorted()
    }

    /// How many the next one's tenant has running; nil with nothing in view.
    var level: Int? { view.lazy.map { running[$0.tenant] ?? 0 }.min() }

    /// Tenants whose next job would be their first come before all others, in view or not: whoever has as few as the
    /// next in view, and is not in view, must be looked for among tenants other than these.
    var tenantsAbove: [TenantID] {
        guard let level else { return Array(running.keys) }
        return running.filter { $0.value >= level }.map(\.key)
    }

    /// Takes the oldest of the tenant with the fewest running.
    mutating func choose() -> JobID? {
        guard let level, let index = view.firstIndex(where: { (running[$0.tenant] ?? 0) == level }) else {
            return nil
        }
        let next = view.remove(at: index)
        running[next.tenant, default: 0] += 1
        chosen.append(next)
        return next.job
    }

    /// Starts anew with what is left: of those chosen, the ones that are not in `leased` were somebody else's.
    mutating func settle(leased: Set<JobID>) {
        for lost in chosen where !leased.contains(lost.job) {
            let count = running[lost.tenant] ?? 0
            running[lost.tenant] = count > 1 ? count - 1 : nil
        }
        chosen = []
    }
}

extension FairChoice.Candidate: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.dueAt, left.job.uuid.high, left.job.uuid.low)
            < (right.dueAt, right.job.uuid.high, right.job.uuid.low)
    }
}
