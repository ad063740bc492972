/// Who is the primary among the servers of one store, told from what each says of itself.
///
/// A promotion begins a new history with a higher number (timeline). The writable server of the highest is the
/// primary; one of a lower number is fenced, which means that nothing is read from it or written to it until it comes
/// back as a replica. Two that claim the same number are a dispute: the one in use stays, and where none was in use
/// none is chosen, for either choice could lose what the other acknowledged.
struct FailoverWatch: Sendable, Equatable {
    enum Standing: Sendable, Equatable {
        case unknown
        case replica(UInt32)
        case primary(UInt32)
        case fenced(UInt32)
    }

    enum Change: Sendable, Equatable {
        case elected(Int, timeline: UInt32)
        case fenced(Int, timeline: UInt32)
        case lost(Int)
        case disputed([Int])
    }

    /// Probes missed in a row that count: one alone tells nothing, for the server, or whoever asks, may be busy for a moment.
    static let certainSilence = 3

    private(set) var standings: [Standing]
    private(set) var primary: Int?
    /// The highest heard of.
    private(set) var timeline: UInt32 = 0
    /// Not heard of, for better or worse, since the search for a primary began.
    private var unheard: Set<Int>
    /// Probes in a row that were not answered.
    private var silences: [Int]
    private var isDisputed = false

    init(servers: Int) {
        standings = Array(repeating: .unknown, count: servers)
        unheard = Set(0..<servers)
        silences = Array(repeating: 0, count: servers)
    }

    /// Whether `server` follows the history that the primary writes.
    func isFollowing(_ server: Int) -> Bool { standings[server] == .replica(timeline) }

    /// `server` said what it is.
    mutating func heard(_ server: Int, isReplica: Bool, timeline number: UInt32) -> [Change] {
        unheard.remove(server)
        silences[server] = 0
        var changes = raise(to: number)
        if isReplica {
            if primary == server { changes += lose() }
            standings[server] = .replica(number)
        } else {
            changes += claim(server, number)
        }
        return changes + elect()
    }

    /// `server` did not answer.
    mutating func silent(_ server: Int) -> [Change] {
        silences[server] += 1
        if silences[server] >= Self.certainSilence { unheard.remove(server) }
        return elect()
    }

    /// `server` took no write, or said that it is a replica.
    mutating func denied(_ server: Int) -> [Change] {
        guard primary == server else { return [] }
        standings[server] = .unknown
        return lose()
    }

    private mutating func claim(_ server: Int, _ number: UInt32) -> [Change] {
        if primary == server && number == timeline {
            standings[server] = .primary(number)
            return []
        }
        guard number == timeline, primary == nil else { return fence(server, number) }
        standings[server] = .primary(number)
        return []
    }

    /// A higher number tells of a promotion: whoever wrote under a lower one must not any more.
    private mutating func raise(to number: UInt32) -> [Change] {
        guard number > timeline else { return [] }
        let isFirst = timeline == 0
        timeline = number
        var changes: [Change] = []
        for (server, standing) in standings.enumerated() {
            if case .primary(let old) = standing { changes += fence(server, old) }
        }
        if primary != nil { changes += lose() }
        // A promotion that was witnessed needs no search: no other server can have a higher number by chance.
        if !isFirst { unheard = [] }
        return changes
    }

    private mutating func fence(_ server: Int, _ number: UInt32) -> [Change] {
        let isNew = standings[server] != .fenced(number)
        standings[server] = .fenced(number)
        return isNew ? [.fenced(server, timeline: number)] : []
    }

    private mutating func lose() -> [Change] {
        guard let former = primary else { return [] }
        primary = nil
        unheard = Set(standings.indices)
        return [.lost(former)]
    }

    /// Chooses once every server has been heard of, so that an old primary is not taken for want of the new one.
    private mutating func elect() -> [Change] {
        guard primary == nil, unheard.isEmpty else { return [] }
        let claimants = standings.indices.filter { standings[$0] == .primary(timeline) }
        guard claimants.count < 2 else {
            defer { isDisputed = true }
            return isDisputed ? [] : [.disputed(claimants)]
        }
        isDisputed = false
        guard let chosen = claimants.first else { return [] }
        primary = chosen
        return [.elected(chosen, timeline: timeline)]
    }
}
