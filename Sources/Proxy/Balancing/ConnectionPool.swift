/// Connections to one instance, of one event loop: reused, bounded, with a bounded queue. A value; connections and
/// those who want one are numbers.
struct ConnectionPool: Sendable {
    enum Action: Sendable, Equatable {
        case use(connection: Int)
        /// Open one for this asker.
        case open
        case wait
        case refuse
    }

    enum Release: Sendable, Equatable {
        case keep
        case hand(to: Int)
    }

    let limit: Int
    let maximumWaiting: Int
    /// The most recently used is reused first, so that the surplus grows old and is closed.
    private(set) var idle: [Int] = []
    /// Open, opening, idle and busy.
    private(set) var count = 0
    private(set) var waiting: [Int] = []

    init(limit: Int, maximumWaiting: Int) {
        self.limit = max(1, limit)
        self.maximumWaiting = maximumWaiting
    }

    /// `fresh` passes idle ones over where another may be opened.
    mutating func acquire(_ asker: Int, fresh: Bool = false) -> Action {
        if !fresh || count >= limit, let connection = idle.popLast() { return .use(connection: connection) }
        if count < limit {
            count += 1
            return .open
        }
        guard waiting.count < maximumWaiting else { return .refuse }
        waiting.append(asker)
        return .wait
    }

    /// A connection that was in use, or opened for somebody who has gone, is free.
    mutating func release(_ connection: Int) -> Release {
        guard waiting.isEmpty else { return .hand(to: waiting.removeFirst()) }
        idle.append(connection)
        return .keep
    }

    /// A connection has ended, or could not be opened. Who waits may then open one: its number.
    mutating func closed(_ connection: Int?) -> Int? {
        if let connection { idle.removeAll { $0 == connection } }
        count -= 1
        guard !waiting.isEmpty, count < limit else { return nil }
        count += 1
        return waiting.removeFirst()
    }

    /// False if it does not wait.
    mutating func giveUp(_ asker: Int) -> Bool {
        guard let index = waiting.firstIndex(of: asker) else { return false }
        waiting.remove(at: index)
        return true
    }
}
