/// What clients asked for and were told, and what was found at the end: pure checkers, that know no program.

/// Things that are to happen once each, such as jobs.
struct OnceHistory: Sendable, Equatable {
    /// Acknowledged: these must happen.
    var asked: Set<String> = []
    /// Each time that one happened, in any order.
    var happened: [String] = []

    var lost: Set<String> { asked.subtracting(happened) }

    var doubled: Set<String> {
        Set(Dictionary(grouping: happened) { $0 }.filter { $0.value.count > 1 }.keys)
    }

    /// Happened without being asked for.
    var foreign: Set<String> { Set(happened).subtracting(asked) }

    var isSound: Bool { lost.isEmpty && doubled.isEmpty && foreign.isEmpty }
}

/// A counter that clients add to.
struct CounterHistory: Sendable, Equatable {
    enum Finding: Sendable, Equatable {
        /// So much of what was acknowledged is missing.
        case lost(Int)
        /// So much is there that nobody can have added.
        case doubled(Int)
    }

    /// The sum of what was acknowledged.
    private(set) var acknowledged = 0
    /// The sum of what was sent and never answered: may or may not count.
    private(set) var unanswered = 0

    mutating func added(_ amount: Int) { acknowledged += amount }

    mutating func mayHaveAdded(_ amount: Int) { unanswered += amount }

    /// Nil if the final value is one that can be.
    func finding(in value: Int) -> Finding? {
        if value < acknowledged { return .lost(acknowledged - value) }
        if value > acknowledged + unanswered { return .doubled(value - acknowledged - unanswered) }
        return nil
    }
}

/// One register whose value only grows, as one session sees it.
struct RegisterHistory: Sendable, Equatable {
    private var written: Int?
    private var read: Int?
    /// Reads behind an own write, or behind another read.
    private(set) var pairs = 0
    private(set) var staleOwnReads = 0
    private(set) var readsThatWentBack = 0

    mutating func wrote(_ value: Int) { written = value }

    mutating func saw(_ value: Int) {
        if let written {
            pairs += 1
            if value < written { staleOwnReads += 1 }
        }
        if let read {
            pairs += 1
            if value < read { readsThatWentBack += 1 }
        }
        read = max(read ?? value, value)
    }
}

/// Numbered events of one key, as one reader got them: at least once, in order.
struct OrderHistory: Sendable, Equatable {
    private(set) var seen: [Int] = []

    mutating func got(_ number: Int) { seen.append(number) }

    /// Numbers that came before one that is smaller and had not been seen by then.
    var reordered: [Int] {
        var known: Set<Int> = []
        var highest = Int.min
        return seen.filter { number in
            defer {
                known.insert(number)
                highest = max(highest, number)
            }
            return number < highest && !known.contains(number)
        }
    }

    func lost(among numbers: ClosedRange<Int>) -> [Int] { numbers.filter { !seen.contains($0) } }
}
