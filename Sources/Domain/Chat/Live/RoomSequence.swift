/// Entries of one room in the order of their numbers, whatever order they come in: those that are early wait a moment,
/// those that were seen are dropped, and what does not come is asked for.
package struct RoomSequence<Entry: Sendable>: Sendable {
    package struct Limits: Sendable {
        package var held = 256
        /// How long an early entry waits for those before it.
        package var patience: Duration = .milliseconds(100)
        /// Between two tries to read what is missing.
        package var retry: Duration = .milliseconds(500)

        package init() {}
    }

    package enum Action {
        case deliver([(seq: Int64, entry: Entry)])
        /// Read entries from the store, those behind `after` first.
        case fill(after: Int64)
    }

    /// The number of the last entry that was delivered.
    package private(set) var last: Int64
    private let limits: Limits
    private var early: [Int64: Entry] = [:]
    /// The highest number known to exist.
    private var known: Int64
    private var fillDue: Duration?
    private var isFilling = false

    package init(last: Int64, limits: Limits = .init()) {
        self.last = last
        self.limits = limits
        known = last
    }

    package var isWhole: Bool { known <= last }
    package var heldCount: Int { early.count }

    /// An entry came by. Times count from any one moment.
    package mutating func arrived(_ seq: Int64, _ entry: Entry, at now: Duration) -> [Action] {
        guard seq > last else { return [] }
        known = max(known, seq)
        if seq == last + 1 { return [.deliver(advance(seq, entry))] + settle() }
        if early.count < limits.held { early[seq] = entry }
        if fillDue == nil { fillDue = now + limits.patience }
        return early.count >= limits.held ? due(at: fillDue ?? now) : []
    }

    /// The store said that `seq` exists.
    package mutating func told(_ seq: Int64, at now: Duration) -> [Action] {
        known = max(known, seq)
        guard !isWhole else { return [] }
        if fillDue == nil { fillDue = now }
        return due(at: now)
    }

    /// Time passed.
    package mutating func due(at now: Duration) -> [Action] {
        guard let fillDue, now >= fillDue, !isFilling, !isWhole else { return [] }
        isFilling = true
        return [.fill(after: last)]
    }

    /// What the store gave: ascending, from the first that was asked for, perhaps not all.
    package mutating func filled(_ entries: [(seq: Int64, entry: Entry)], at now: Duration) -> [Action] {
        isFilling = false
        var delivered: [(seq: Int64, entry: Entry)] = []
        for (seq, entry) in entries where seq == last + 1 { delivered += advance(seq, entry) }
        let actions: [Action] = delivered.isEmpty ? [] : [.deliver(delivered)]
        guard !isWhole else { return actions + settle() }
        // Headway: go on at once. None: what was told of may not be readable yet.
        fillDue = delivered.isEmpty ? now + limits.retry : now
        return actions + due(at: now)
    }

    package mutating func fillFailed(at now: Duration) {
        isFilling = false
        fillDue = now + limits.retry
    }

    private mutating func advance(_ seq: Int64, _ entry: Entry) -> [(seq: Int64, entry: Entry)] {
        early[seq] = nil
        last = seq
        var run = [(seq: seq, entry: entry)]
        while let next = early.removeValue(forKey: last + 1) {
            last += 1
            run.append((last, next))
        }
        return run
    }

    private mutating func settle() -> [Action] {
        known = max(known, last)
        guard isWhole else { return [] }
        fillDue = nil
        early.removeAll()
        return []
    }
}
