/// Which statements a connection has prepared: the last used of them, up to a bound.
struct PreparedStatements {
    enum Use: Equatable {
        case prepared(String)
        /// To be prepared under `name`, after `evicted` was forgotten.
        case new(String, evicted: String?)
    }

    private struct Entry {
        let name: String
        var lastUse: Int
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock = 0
    private var names = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// No name is given out twice, so that one whose end is unknown never stands for something else.
    mutating func use(_ text: String) -> Use {
        clock += 1
        if let place = entries.index(forKey: text) {
            entries.values[place].lastUse = clock
            return .prepared(entries.values[place].name)
        }
        var evicted: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evicted = oldest.value.name
            entries[oldest.key] = nil
        }
        names += 1
        let name = "s\(names)"
        entries[text] = Entry(name: name, lastUse: clock)
        return .new(name, evicted: evicted)
    }

    /// It could not be prepared.
    mutating func forget(_ text: String) { entries[text] = nil }
}
