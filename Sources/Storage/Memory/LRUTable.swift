/// Values by key, bounded by number and bytes; the least recently used go first. Every operation takes
/// constant time.
struct LRUTable<Value> {
    private struct Node {
        var key: String
        var value: Value
        var bytes: Int
        /// Towards the more recently used.
        var newer: Int?
        var older: Int?
    }

    private let maximumEntries: Int
    private let maximumBytes: Int
    private var nodes: [Node?] = []
    private var free: [Int] = []
    private var places: [String: Int] = [:]
    private var newest: Int?
    private var oldest: Int?
    private(set) var bytes = 0

    init(maximumEntries: Int, maximumBytes: Int) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    var count: Int { places.count }

    /// The value, which thereby becomes the most recently used.
    mutating func value(for key: String) -> Value? {
        guard let place = places[key], let node = nodes[place] else { return nil }
        unlink(place)
        linkAsNewest(place)
        return node.value
    }

    /// Stores a value that takes `bytes`, dropping others as needed. False, and nothing under the key, if it
    /// is too large.
    @discardableResult
    mutating func set(_ value: Value, bytes size: Int, for key: String) -> Bool {
        remove(key)
        guard size <= maximumBytes, maximumEntries > 0 else { return false }
        while count >= maximumEntries || bytes > maximumBytes - size {
            guard let key = oldest.flatMap({ nodes[$0]?.key }) else { break }
            remove(key)
        }
        let place = free.popLast() ?? nodes.endIndex
        if place == nodes.endIndex { nodes.append(nil) }
        nodes[place] = Node(key: key, value: value, bytes: size)
        places[key] = place
        bytes += size
        linkAsNewest(place)
        return true
    }

    mutating func remove(_ key: String) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        bytes -= nodes[place]?.bytes ?? 0
        nodes[place] = nil
        free.append(place)
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (nodes[place]?.newer, nodes[place]?.older)
        if let newer { nodes[newer]?.older = older } else { newest = older }
        if let older { nodes[older]?.newer = newer } else { oldest = newer }
    }

    private mutating func linkAsNewest(_ place: Int) {
        nodes[place]?.newer = nil
        nodes[place]?.older = newest
        if let newest { nodes[newest]?.newer = place } else { oldest = place }
        newest = place
    }
}
