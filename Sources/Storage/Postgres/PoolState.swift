/// Which call runs on which member of a pool of connections: events go in, actions come out.
///
/// Members are numbered from 0; each runs one call at a time on a thread of its own.
struct PoolState {
    typealias Instant = ContinuousClock.Instant

    enum Refusal: Equatable {
        /// Too many wait already.
        case full
        /// It waited past its deadline.
        case late
        case closed
        /// Its caller gave up.
        case abandoned
        /// The server was not reached a moment ago.
        case unreachable
    }

    enum Action: Equatable {
        case run(_ call: Int, member: Int)
        case refuse(_ call: Int, Refusal)
        /// The statement that `member` runs has no more use.
        case cancel(member: Int)
        /// The member's thread ends.
        case end(member: Int)
    }

    private struct Waiting {
        let call: Int
        let until: Instant
    }

    private enum Member: Equatable {
        case idle, ended
        case lent(Int)
    }

    private let maximumQueue: Int
    private var members: [Member]
    /// The last to become idle is the first to be lent: its connection is open and its caches are warm.
    private var idle: [Int]
    private var queue = Fifo<Waiting>()
    private var connected: Set<Int> = []
    private var isClosing = false
    private var unreachableUntil: Instant?
    private(set) var failuresInARow = 0

    init(members count: Int, maximumQueue: Int) {
        self.maximumQueue = maximumQueue
        members = Array(repeating: .idle, count: count)
        idle = Array((0..<count).reversed())
    }

    var waiting: Int { queue.count }
    var running: Int { members.count { if case .lent = $0 { true } else { false } } }

    mutating func submit(_ call: Int, until: Instant, at now: Instant) -> [Action] {
        if isClosing { return [.refuse(call, .closed)] }
        if let end = unreachableUntil {
            if now < end { return [.refuse(call, .unreachable)] }
            unreachableUntil = nil
        }
        if let member = idle.popLast() { return [lend(member, to: call)] }
        guard queue.count < maximumQueue else { return [.refuse(call, .full)] }
        queue.append(Waiting(call: call, until: until))
        return []
    }

    /// The member has ended its call and answered for it.
    mutating func finished(_ member: Int, at now: Instant) -> [Action] {
        guard case .lent = members[member] else { return [] }
        members[member] = .idle
        var actions = expire(at: now)
        if let next = queue.popFirst() { return actions + [lend(member, to: next.call)] }
        if isClosing {
            members[member] = .ended
            actions.append(.end(member: member))
        } else {
            idle.append(member)
        }
        return actions
    }

    /// Nothing happens to a call that has ended.
    mutating func abandon(_ call: Int) -> [Action] {
        if queue.remove(where: { $0.call == call }) != nil { return [.refuse(call, .abandoned)] }
        guard let member = members.firstIndex(of: .lent(call)) else { return [] }
        return [.cancel(member: member)]
    }

    /// Calls wait equally long, so the first in the queue is the first to be late.
    mutating func expire(at now: Instant) -> [Action] {
        var actions: [Action] = []
        while let first = queue.first, first.until <= now {
            _ = queue.popFirst()
            actions.append(.refuse(first.call, .late))
        }
        return actions
    }

    mutating func connected(_ member: Int) {
        connected.insert(member)
        failuresInARow = 0
        unreachableUntil = nil
    }

    mutating func disconnected(_ member: Int) { connected.remove(member) }

    /// While no other member is connected, nobody is let wait for a server that cannot be reached.
    mutating func connectFailed(_ member: Int, until: Instant) -> [Action] {
        connected.remove(member)
        failuresInARow += 1
        guard connected.isEmpty else { return [] }
        unreachableUntil = until
        return queue.removeAll().map { .refuse($0.call, .unreachable) }
    }

    /// What was accepted is still done.
    mutating func close() -> [Action] {
        guard !isClosing else { return [] }
        isClosing = true
        let ended = idle
        idle = []
        for member in ended { members[member] = .ended }
        return ended.map { .end(member: $0) }
    }

    private mutating func lend(_ member: Int, to call: Int) -> Action {
        members[member] = .lent(call)
        return .run(call, member: member)
    }
}
