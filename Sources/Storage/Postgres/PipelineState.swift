/// Which single statements travel together over which connection: events go in, actions come out.
///
/// A connection is given a new batch only when the one before has come back whole; what arrives meanwhile makes the
/// next. A batch is one implicit transaction, so nobody hears of a success in it before its end, and where one
/// statement fails only that one is told so: all others are sent again, each in a transaction of its own.
struct PipelineState {
    typealias Instant = ContinuousClock.Instant

    /// Statements of different lanes never share a transaction: what one sets for itself the other must not find.
    enum Lane: Int, CaseIterable { case system, tenant }

    enum Refusal: Equatable {
        case full, late, closed, abandoned, unreachable
        /// Its connection was lost again and again.
        case lost
    }

    enum Action: Equatable {
        case connect(Int)
        /// Implicit transactions to send one behind the other.
        case send(_ slot: Int, [[Int]])
        /// The transaction of its answer has ended well.
        case deliver(Int)
        /// Its statement failed.
        case fail(Int)
        case refuse(Int, Refusal)
        /// The connection is stuck, or no longer needed.
        case drop(_ slot: Int)
    }

    enum Outcome: Equatable { case succeeded, failed, aborted }

    struct Request: Equatable {
        let number: Int
        let lane: Lane
        let deadline: Instant
        var losses = 0
        /// Sent in a transaction of its own.
        var isAlone = false

        init(_ number: Int, _ lane: Lane, deadline: Instant) {
            self.number = number
            self.lane = lane
            self.deadline = deadline
        }
    }

    /// The server's own deadline is to come first, for it costs no connection.
    static let grace = Duration.milliseconds(500)

    private let maximumBatch: Int
    private let maximumQueue: Int
    private var slots: [PipelineTravel]
    private var queues: [Fifo<Request>]
    private var alone = Fifo<Request>()
    private var abandoned: Set<Int> = []
    private var unreachableUntil: Instant?
    private var isClosing = false
    private(set) var failuresInARow = 0

    init(slots count: Int, maximumBatch: Int, maximumQueue: Int) {
        self.maximumBatch = max(1, maximumBatch)
        self.maximumQueue = maximumQueue
        slots = Array(repeating: PipelineTravel(), count: max(1, count))
        queues = Lane.allCases.map { _ in Fifo() }
    }

    var waiting: Int { queues.reduce(alone.count) { $0 + $1.count } - abandoned.count }
    var travelling: Int { slots.reduce(0) { $0 + $1.entries.count - $1.start } }

    /// Something may be done about what is submitted now: not if it could only wait for a connection that is busy.
    var takesMore: Bool {
        isClosing || unreachableUntil != nil || slots.contains { $0.isIdle || $0.phase == .down }
    }

    /// Something travels there.
    func isBusy(_ slot: Int) -> Bool { !slots[slot].entries.isEmpty }

    mutating func submit(_ request: Request, at now: Instant) -> [Action] {
        if isClosing { return [.refuse(request.number, .closed)] }
        if let end = unreachableUntil {
            if now < end { return [.refuse(request.number, .unreachable)] }
            unreachableUntil = nil
        }
        guard waiting < maximumQueue else { return [.refuse(request.number, .full)] }
        queues[request.lane.rawValue].append(request)
        return connectAll()
    }

    /// Sends what waits over the connections that are free. To be called after a group of events.
    mutating func dispatch() -> [Action] {
        guard !(queues[0].isEmpty && queues[1].isEmpty && alone.isEmpty) else { return [] }
        var actions: [Action] = []
        while let slot = slots.firstIndex(where: \.isIdle), let parts = load(slot) {
            actions.append(.send(slot, parts))
        }
        return actions
    }

    /// Of one that waits, its place is forgotten; of one that travels, its answer is.
    mutating func abandon(_ number: Int) -> [Action] {
        for slot in slots.indices {
            let travelling = slots[slot].entries.indices.dropFirst(slots[slot].start)
            guard let entry = travelling.first(where: { slots[slot].entries[$0].request.number == number })
            else { continue }
            guard !slots[slot].entries[entry].isAbandoned else { return [] }
            slots[slot].entries[entry].isAbandoned = true
            return [.refuse(number, .abandoned)]
        }
        guard abandoned.insert(number).inserted else { return [] }
        return [.refuse(number, .abandoned)]
    }

    mutating func connected(_ slot: Int) {
        slots[slot].phase = .up
        slots[slot].clear()
        failuresInARow = 0
        unreachableUntil = nil
    }

    /// While no connection is up or coming, nobody is let wait.
    mutating func connectFailed(_ slot: Int, until: Instant) -> [Action] {
        slots[slot].phase = .down
        failuresInARow += 1
        guard slots.allSatisfy({ $0.phase == .down }) else { return [] }
        unreachableUntil = until
        return takeAll().map { .refuse($0.number, .unreachable) }
    }

    /// Reads change nothing, so each that travelled there is tried once more. A server that went down took all
    /// connections with it, and each may be found so only when it is used.
    mutating func lost(_ slot: Int) -> [Action] {
        guard slots[slot].phase == .up else { return [] }
        let entries = slots[slot].entries.dropFirst(slots[slot].start)
        slots[slot].phase = .down
        slots[slot].clear()
        var actions: [Action] = []
        var again: [Request] = []
        for entry in entries where !entry.isAbandoned {
            var request = entry.request
            request.losses += 1
            if request.losses > slots.count || isClosing {
                actions.append(.refuse(request.number, .lost))
            } else {
                again.append(request)
            }
        }
        for lane in Lane.allCases {
            queues[lane.rawValue].prepend(again.filter { $0.lane == lane && !$0.isAlone })
        }
        alone.prepend(again.filter(\.isAlone))
        return actions + connectAll()
    }

    /// The answer to the next statement that travels there; answers come in order.
    mutating func answered(_ slot: Int, _ outcome: Outcome) {
        let entry = slots[slot].answered
        guard slots[slot].phase == .up, entry < slots[slot].entries.count else { return }
        slots[slot].entries[entry].outcome = outcome
        slots[slot].answered += 1
    }

    /// The first transaction that travels there has ended.
    mutating func synced(_ slot: Int) -> [Action] {
        guard slots[slot].phase == .up, !slots[slot].ends.isEmpty else { return [] }
        let part = slots[slot].start..<slots[slot].ends[slots[slot].ended]
        let isWhole = slots[slot].entries[part].allSatisfy { $0.outcome == .succeeded }
        var actions: [Action] = []
        actions.reserveCapacity(part.count)
        for entry in slots[slot].entries[part] where !entry.isAbandoned {
            if isWhole {
                actions.append(.deliver(entry.request.number))
            } else if entry.outcome == .failed || entry.request.isAlone {
                actions.append(.fail(entry.request.number))
            } else {
                var request = entry.request
                request.isAlone = true
                alone.append(request)
            }
        }
        slots[slot].endFirst()
        return actions
    }

    /// Refuses those that are late, and drops connections over which the answer to one of them is due.
    mutating func expire(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for lane in queues.indices {
            while let first = queues[lane].first, first.deadline <= now || abandoned.contains(first.number) {
                _ = queues[lane].popFirst()
                if abandoned.remove(first.number) == nil { actions.append(.refuse(first.number, .late)) }
            }
        }
        for slot in slots.indices where slots[slot].phase == .up {
            var isStuck = false
            for entry in slots[slot].start..<slots[slot].entries.count
            where slots[slot].entries[entry].request.deadline + Self.grace <= now {
                isStuck = true
                guard !slots[slot].entries[entry].isAbandoned else { continue }
                slots[slot].entries[entry].isAbandoned = true
                actions.append(.refuse(slots[slot].entries[entry].request.number, .late))
            }
            if isStuck { actions += [.drop(slot)] + lost(slot) }
        }
        return actions
    }

    /// What travels still arrives; what waits is refused.
    mutating func close() -> [Action] {
        isClosing = true
        return takeAll().map { .refuse($0.number, .closed) }
    }

    private mutating func connectAll() -> [Action] {
        guard !isClosing, waiting > 0 else { return [] }
        var actions: [Action] = []
        for slot in slots.indices where slots[slot].phase == .down {
            slots[slot].phase = .connecting
            actions.append(.connect(slot))
        }
        return actions
    }

    /// Gives a free connection what it takes: those that go alone first, else a fair part of the lane that waits
    /// longest. Nil if nothing waits.
    private mutating func load(_ slot: Int) -> [[Int]]? {
        var parts: [[Int]] = []
        while parts.count < maximumBatch, let request = Self.take(from: &alone, but: &abandoned) {
            parts.append([request.number])
            slots[slot].entries.append(PipelineTravel.Entry(request: request))
            slots[slot].ends.append(parts.count)
        }
        if !parts.isEmpty { return parts }
        let free = slots.count(where: \.isIdle)
        while let lane = laneThatWaitsLongest {
            let share = min(maximumBatch, (queues[lane].count + free - 1) / free)
            var numbers: [Int] = []
            numbers.reserveCapacity(share)
            while numbers.count < share, let request = Self.take(from: &queues[lane], but: &abandoned) {
                numbers.append(request.number)
                slots[slot].entries.append(PipelineTravel.Entry(request: request))
            }
            guard !numbers.isEmpty else { continue }
            slots[slot].ends.append(numbers.count)
            return [numbers]
        }
        return nil
    }

    private var laneThatWaitsLongest: Int? {
        var found: (lane: Int, deadline: Instant)?
        for lane in queues.indices {
            guard let deadline = queues[lane].first?.deadline else { continue }
            if let best = found, best.deadline <= deadline { continue }
            found = (lane, deadline)
        }
        return found?.lane
    }

    private static func take(from queue: inout Fifo<Request>, but abandoned: inout Set<Int>) -> Request? {
        while let request = queue.popFirst() {
            if abandoned.isEmpty || abandoned.remove(request.number) == nil { return request }
        }
        return nil
    }

    private mutating func takeAll() -> [Request] {
        let all = queues.indices.flatMap { queues[$0].removeAll() } + alone.removeAll()
        defer { abandoned = [] }
        return all.filter { !abandoned.contains($0.number) }
    }
}
