import Kernel

/// What claims of this process need not look up again: where due jobs begin, and who has how many running.
///
/// Old entries of an index cost a claim dear, and cannot be cleared away while some transaction elsewhere stays open.
/// So a claim begins where the one before found something; a full look now and then finds what that misses.
struct ClaimMemory: Sendable {
    /// Tenants other than `excluded` had nothing due before `from`; nothing at all where it is nil.
    struct Others: Sendable {
        let excluded: Set<TenantID>
        let from: Timestamp?
    }

    /// A full look takes at most this part of the time.
    private static let share = 20

    private let interval: Duration
    private var lookedAt: Timestamp?
    /// The dearer a look, the seldomer.
    var lookTook = Duration.zero
    private(set) var running: [TenantID: Int] = [:]
    /// Nothing is due before this.
    private(set) var from = Timestamp(milliseconds: .min)
    private(set) var others: Others?

    /// With an `interval` of zero nothing is remembered.
    init(interval: Duration) { self.interval = interval }

    func isLookDue(at now: Timestamp) -> Bool {
        guard interval > .zero, let lookedAt, lookedAt <= now else { return true }
        return lookedAt + max(interval, lookTook * Self.share) <= now
    }

    mutating func looked(at now: Timestamp, running: [TenantID: Int]) {
        self.running = running
        lookedAt = now
        from = Timestamp(milliseconds: .min)
        others = nil
    }

    mutating func claimed(_ choice: FairChoice, from: Timestamp?, others: Others?) {
        running = choice.running
        if let from { self.from = from }
        self.others = others
    }

    /// A job of this process is waiting: a new one, or one that was given back.
    mutating func added(_ tenant: TenantID, dueAt: Timestamp) {
        from = min(from, dueAt)
        guard let known = others, !known.excluded.contains(tenant) else { return }
        others = known.from.map { Others(excluded: known.excluded, from: min($0, dueAt)) }
    }

    /// A job that this process had claimed is not running any more.
    mutating func ended(_ tenant: TenantID) {
        guard let count = running[tenant] else { return }
        running[tenant] = count > 1 ? count - 1 : nil
    }
}
