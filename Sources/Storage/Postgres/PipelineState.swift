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
        fileprivate(set) var losses = 0
        fileprivate(set) var isAlone = false

        init(_ number: Int, _ lane: Lane, deadline: Instant) {
            self.number = number
            self.lane = lane
            self.deadline = deadline
        }
    }

    private struct Entry {
        var request: Request
        var outcome: Outcome?
        /// Its caller has gone and been told.
        var isAbandoned = false
    }

    private enum Slot {
        case down
        case connecting
        /// Idle where there are no parts.
        case up([[Entry]])

        var isUp: Bool { if case .up = self { true } else { false } }
        var isIdle: Bool { if case .up(let parts) = self { parts.isEmpty } else { false } }
    }

    /// The server's own deadline is to come first, for it costs no connection.
    static let grace = Duration.milliseconds(500)

    private let maximumBatch: Int
    private let maximumQueue: Int
    private var slots: [Slot]
    private var queues: [Fifo<Request>]
    private var alone = Fifo<Request>()
    private var abandoned: Set<Int> = []
    private var unreachableUntil: Instant?
    private var isClosing = false
    private(set) var failuresInARow = 0

    init(slots count: Int, maximumBatch: Int, maximumQueue: Int) {
        self.maximumBatch = max(1, maximumBatch)
        self.maximumQueue = maximumQueue
        slots = Array(repeating: .down, count: max(1, count))
        queues = Lane.allCases.map { _ in Fifo() }
    }

    var waiting: Int { queues.reduce(alone.count) { $0 + $1.count } - abandoned.count }
    var travelling: Int {
        slots.reduce(0) { if case .up(let parts) = $1 { $0 + parts.reduce(0) { $0 + $1.count } } else { $0 } }
    }

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
        var actions: [Action] = []
        while let slot = slots.firstIndex(where: \.isIdle), let parts = nextParts() {
            slots[slot] = .up(parts)
            actions.append(.send(slot, parts.map { $0.map(\.request.number) }))
        }
        return actions
    }

    /// Of one that waits, its place is forgotten; of one that travels, its answer is.
    mutating func abandon(_ number: Int) -> [Action] {
        for (index, slot) in slots.enumerated() {
            guard case .up(var parts) = slot else { continue }
            for part in parts.indices {
                guard let entry = parts[part].firstIndex(where: { $0.request.number == number }) else {
                    continue
                }
                guard !parts[part][entry].isAbandoned else { return [] }
                parts[part][entry].isAbandoned = true
                slots[index] = .up(parts)
                return [.refuse(number, .abandoned)]
            }
        }
        guard abandoned.insert(number).inserted else { return [] }
        return [.refuse(number, .abandoned)]
    }

    mutating func connected(_ slot: Int) {
        slots[slot] = .up([])
        failuresInARow = 0
        unreachableUntil = nil
    }

    /// While no connection is up or coming, nobody is let wait.
    mutating func connectFailed(_ slot: Int, until: Instant) -> [Action] {
        slots[slot] = .down
        failuresInARow += 1
        guard !slots.contains(where: { if case .down = $0 { false } else { true } }) else { return [] }
        unreachableUntil = until
        return takeAll().map { .refuse($0.number, .unreachable) }
    }

    /// Reads change nothing, so each that travelled there is tried once more. A server that went down took all
    /// connections with it, and each may be found so only when it is used.
    mutating func lost(_ slot: Int) -> [Action] {
        guard case .up(let parts) = slots[slot] else { return [] }
        slots[slot] = .down
        var actions: [Action] = []
        var again: [Request] = []
        for entry in parts.joined() where !entry.isAbandoned {
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
        guard case .up(var parts) = slots[slot], !parts.isEmpty,
            let entry = parts[0].firstIndex(where: { $0.outcome == nil })
        else { return }
        parts[0][entry].outcome = outcome
        slots[slot] = .up(parts)
    }

    /// The first transaction that travels there has ended.
    mutating func synced(_ slot: Int) -> [Action] {
        guard case .up(var parts) = slots[slot], !parts.isEmpty else { return [] }
        let part = parts.removeFirst()
        slots[slot] = .up(parts)
        if part.allSatisfy({ $0.outcome == .succeeded }) {
            return part.filter { !$0.isAbandoned }.map { .deliver($0.request.number) }
        }
        var actions: [Action] = []
        for entry in part where !entry.isAbandoned {
            var request = entry.request
            if entry.outcome == .failed || request.isAlone {
                actions.append(.fail(request.number))
            } else {
                request.isAlone = true
                alone.append(request)
            }
        }
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
        for index in slots.indices {
            guard case .up(var parts) = slots[index] else { continue }
            var isStuck = false
            for part in parts.indices {
                for entry in parts[part].indices where parts[part][entry].request.deadline + Self.grace <= now
                {
                    isStuck = true
                    guard !parts[part][entry].isAbandoned else { continue }
                    parts[part][entry].isAbandoned = true
                    actions.append(.refuse(parts[part][entry].request.number, .late))
                }
            }
            slots[index] = .up(parts)
            if isStuck { actions += [.drop(index)] + lost(index) }
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
        for index in slots.indices {
            guard case .down = slots[index] else { continue }
            slots[index] = .connecting
            actions.append(.connect(index))
        }
        return actions
    }

    /// What one free connection takes: those that go alone first, else a fair part of the lane that waits longest.
    private mutating func nextParts() -> [[Entry]]? {
        var parts: [[Entry]] = []
        while parts.count < maximumBatch, let request = take(from: \.alone) {
            parts.append([Entry(request: request)])
        }
        if !parts.isEmpty { return parts }
        let lanes = queues.indices.filter { !queues[$0].isEmpty }
        let lane = lanes.min { (queues[$0].first?.deadline ?? .now) < (queues[$1].first?.deadline ?? .now) }
        guard let lane else { return nil }
        let free = slots.count(where: \.isIdle)
        let share = min(maximumBatch, (queues[lane].count + free - 1) / free)
        var batch: [Entry] = []
        while batch.count < share, let request = take(from: \.queues[lane]) {
            batch.append(Entry(request: request))
        }
        return batch.isEmpty ? nextParts() : [batch]
    }

    private mutating func take(from queue: WritableKeyPath<Self, Fifo<Request>>) -> Request? {
        while let request = self[keyPath: queue].popFirst() {
            if abandoned.remove(request.number) == nil { return request }
        }
        return nil
    }

    private mutating func takeAll() -> [Request] {
        let all = queues.indices.flatMap { queues[$0].removeAll() } + alone.removeAll()
        defer { abandoned = [] }
        return all.filter { !abandoned.contains($0.number) }
    }
}
