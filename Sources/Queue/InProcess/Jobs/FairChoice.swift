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
    private(set) var chosen: [JobID] = []
    private var view: [Candidate] = []

    init(running: [TenantID: Int]) { self.running = running }

    /// What is in view and not chosen.
    var left: [Candidate] { view }

    /// More candidates; those in view already are passed over.
    mutating func add(_ candidates: [Candidate]) {
        let known = Set(view.map(\.job)).union(chosen)
        view = (view + candidates.filter { !known.contains($0.job) })
            .sorted {
                ($0.dueAt, $0.job.uuid.high, $0.job.uuid.low) < ($1.dueAt, $1.job.uuid.high, $1.job.uuid.low)
            }
    }

    /// How many the next one's tenant has running; nil with nothing in view.
    var level: Int? { view.map { running[$0.tenant] ?? 0 }.min() }

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
        chosen.append(next.job)
        return next.job
    }
}
