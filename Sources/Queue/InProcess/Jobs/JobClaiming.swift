import Kernel
import Relational

/// One transaction that claims a job for each of several workers.
struct JobClaiming: Sendable {
    struct Claimed: Sendable {
        var jobs: [LeasedJob] = []
        /// When they had become due.
        var dueAt: [JobID: Timestamp] = [:]
        var memory: ClaimMemory
    }

    /// Where other processes take the same jobs, so often others are tried.
    private static let maximumRounds = 4

    let waiting: WaitingJobs
    let workers: [String]
    let lease: Duration
    let memory: ClaimMemory
    /// The queue's, for what a look took is set against the times of its jobs.
    let clock: @Sendable () -> Timestamp

    private var now: Timestamp { waiting.now }

    /// The jobs, the fairest first, and what is known afterwards.
    func perform(_ writer: SystemWriter) throws -> Claimed {
        var claimed = Claimed(memory: memory)
        let look = memory.lookDue(at: now)
        if let look { try self.look(look, &claimed.memory, writer) }
        var choice = FairChoice(running: claimed.memory.running, view: claimed.memory.view)
        var isFresh = look != nil
        for round in 1...Self.maximumRounds where claimed.jobs.count < workers.count {
            let wanted = workers.count - claimed.jobs.count
            if round == Self.maximumRounds {
                claimed.memory.doubt()
                choice = FairChoice(
                    running: choice.running,
                    view: try waiting.reserve(from: claimed.memory.from, limit: wanted, writer))
            }
            try choose(wanted, &choice, &claimed.memory, &isFresh, writer)
            guard !choice.chosen.isEmpty else { break }
            try take(&choice, into: &claimed, writer)
        }
        claimed.memory.claimed(choice, at: now)
        return claimed
    }

    /// Jobs whose worker fell silent are due again; counts what runs; takes what is due into view.
    private func look(
        _ look: ClaimMemory.Look, _ memory: inout ClaimMemory, _ writer: SystemWriter
    ) throws {
        let begun = clock()
        let start = memory.start(of: look)
        try waiting.endLapsed(from: start.leases, writer)
        let running = try waiting.running(from: start.leases, writer)
        // Jobs that were leased before keep their place, which may lie far before all that come for the first time.
        let view = try waiting.oldest(from: start.jobs, withReturned: look == .near, writer)
        memory.looked(look, at: now, running: running, took: clock() - begun)
        memory.filled(view)
    }

    /// Until `count` are chosen or nothing is left.
    private func choose(
        _ count: Int, _ choice: inout FairChoice, _ memory: inout ClaimMemory, _ isFresh: inout Bool,
        _ writer: SystemWriter
    ) throws {
        while choice.chosen.count < count {
            if memory.isExhausted(choice, isFresh: isFresh) {
                isFresh = true
                let more = try waiting.oldest(
                    from: memory.window ?? memory.from, besides: choice.chosen.count, writer)
                memory.filled(more)
                choice.add(more.jobs)
                continue
            }
            guard let level = choice.level else { return }
            if level > 0, memory.window != nil, try addOthers(&choice, &memory, writer) { continue }
            _ = choice.choose()
        }
    }

    /// Puts jobs of tenants in view that have fewer running than all that are in view; false if there are none.
    ///
    /// Looked for among all once in the time between two looks; after that only behind those found.
    private func addOthers(
        _ choice: inout FairChoice, _ memory: inout ClaimMemory, _ writer: SystemWriter
    ) throws -> Bool {
        let known = memory.others
        if let known, known.from == nil { return false }
        let above = Set(choice.tenantsAbove).union(choice.left.map(\.tenant)).union(known?.excluded ?? [])
        let found = try waiting.oldest(
            from: known?.from ?? memory.window ?? memory.from, except: Array(above), writer)
        memory.others = ClaimMemory.Others(excluded: above, from: found.window)
        let before = choice.left.count
        choice.add(found.jobs)
        return choice.left.count > before
    }

    /// Leases what is chosen, as far as nobody else has; then the view may be out of date.
    private func take(
        _ choice: inout FairChoice, into claimed: inout Claimed, _ writer: SystemWriter
    ) throws {
        let chosen = choice.chosen
        let jobs = try waiting.lease(
            chosen.map(\.job), to: Array(workers.dropFirst(claimed.jobs.count)), until: now + lease, writer)
        let leased = Set(jobs.map(\.lease.job))
        claimed.jobs += jobs
        for candidate in chosen where leased.contains(candidate.job) {
            claimed.dueAt[candidate.job] = candidate.dueAt
        }
        choice.settle(leased: leased)
        guard jobs.count < chosen.count else { return }
        let view = try waiting.oldest(from: claimed.memory.from, writer)
        claimed.memory.filled(view)
        choice = FairChoice(running: choice.running, view: view.jobs)
    }
}
