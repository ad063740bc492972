import Kernel

/// What claims of this process need not look up again: the oldest jobs that are due, where the others begin, and who
/// has how many running.
///
/// Old entries of an index cost a claim dear, and cannot be cleared away while some transaction elsewhere stays open.
/// So claims take jobs by their ids out of a view, and the view is filled from where the one before it ended. A look
/// now and then finds what others have added since, and a sweep, more seldom, what should not be.
struct ClaimMemory: Sendable {
    /// Tenants other than `excluded` had nothing due before `from`; nothing at all where it is nil.
    struct Others: Sendable {
        let excluded: Set<TenantID>
        let from: Timestamp?
    }

    enum Look: Sendable {
        /// From where the view began.
        case near
        /// At all there is.
        case sweep
    }

    private static let sweepInterval: Duration = .seconds(60)
    /// Added jobs commit late by this at most, and clocks of processes differ by less.
    static let slack: Duration = .seconds(15)
    static let maximumView = 256

    private let interval: Duration
    private var looks = ClaimPace()
    private var sweeps = ClaimPace()
    private(set) var running: [TenantID: Int] = [:]
    /// Nothing is due before this.
    private(set) var from = Timestamp(milliseconds: .min)
    /// Due, in order. All up to `window`, and of tenants other than those perhaps more.
    private(set) var view: [FairChoice.Candidate] = []
    /// Nil where the view is of all that is due.
    private(set) var window: Timestamp?
    var others: Others?
    /// The view was passed over and may lack jobs.
    private var isDoubted = false

    /// With an `interval` of zero nothing is remembered.
    init(interval: Duration) { self.interval = interval }

    func lookDue(at now: Timestamp) -> Look? {
        guard isDoubted || looks.isDue(at: now, every: interval, putOffBy: Self.slack) else { return nil }
        return sweeps.isDue(at: now, every: min(Self.sweepInterval, interval * 60)) ? .sweep : .near
    }

    /// Where a look begins: among jobs that wait, and among leases.
    func start(of look: Look) -> (jobs: Timestamp, leases: Timestamp) {
        guard case .near = look, let last = looks.last else {
            return (Timestamp(milliseconds: .min), Timestamp(milliseconds: .min))
        }
        return (from.milliseconds == .min ? from : from - Self.slack, last - Self.slack)
    }

    mutating func looked(_ look: Look, at now: Timestamp, running: [TenantID: Int], took: Duration) {
        looks.note(at: now, took: took)
        if case .sweep = look { sweeps.note(at: now, took: took) }
        self.running = running
        view = []
        window = nil
        others = nil
        isDoubted = false
    }

    /// The view is, or is joined by, what was found from where it ended.
    mutating func filled(_ found: WaitingJobs.View) {
        view = found.jobs
        window = found.window
    }

    /// Whether there may be jobs that come before all that are left. `isFresh` if all has just been looked for.
    func isExhausted(_ choice: FairChoice, isFresh: Bool) -> Bool {
        guard let next = choice.left.first else { return window != nil || !isFresh }
        return window.map { next.dueAt > $0 } ?? false
    }

    mutating func claimed(_ choice: FairChoice, at now: Timestamp) {
        running = choice.running
        view = choice.left
        guard !isDoubted else { return }
        if let next = [view.first?.dueAt, window].compactMap(\.self).min() {
            from = max(from, next)
        } else {
            from = max(from, now - Self.slack)
        }
    }

    /// Claims went past the view, which may lack jobs now.
    mutating func doubt() { isDoubted = true }

    /// A job of this process is waiting: a new one, or one that was given back.
    mutating func added(_ job: FairChoice.Candidate, at now: Timestamp) {
        from = min(from, job.dueAt)
        guard job.dueAt <= now else { return }
        if window == nil, view.count >= Self.maximumView { window = view.last?.dueAt }
        if window.map({ job.dueAt < $0 }) ?? true {
            let place = view.firstIndex { job < $0 } ?? view.count
            view.insert(job, at: place)
        } else if let known = others, !known.excluded.contains(job.tenant) {
            others = Others(excluded: known.excluded, from: min(known.from ?? job.dueAt, job.dueAt))
        }
    }

    /// A job that this process had claimed is not running any more.
    mutating func ended(_ tenant: TenantID) {
        guard let count = running[tenant] else { return }
        running[tenant] = count > 1 ? count - 1 : nil
    }
}

/// How often something is done that may take long.
struct ClaimPace: Sendable {
    /// It takes at most this part of the time: the dearer, the seldomer.
    private static let share = 20

    private(set) var last: Timestamp?
    private var took = Duration.zero

    /// However dear, it is put off by no more than `limit`: what took long may only have been held up.
    func isDue(at now: Timestamp, every interval: Duration, putOffBy limit: Duration? = nil) -> Bool {
        guard interval > .zero, let last, last <= now else { return true }
        let pause = took * Self.share
        return last + max(interval, limit.map { min(pause, $0) } ?? pause) <= now
    }

    mutating func note(at now: Timestamp, took: Duration) {
        last = now
        self.took = took
    }
}
