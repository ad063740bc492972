/// Which message each socket gets next, and how many have got each: one that comes twice, too early or too late is
/// found at once, one that never comes at the end.
struct DeliveryLedger {
    private let sockets: Int
    private let first: Int64
    private var next: [Int64]
    private var counts: [Int] = []
    private(set) var deliveries = 0
    /// Messages that all sockets have.
    private(set) var completed = 0

    /// All sockets have the messages up to `last`.
    init(sockets: Int, last: Int64) {
        self.sockets = sockets
        first = last + 1
        next = Array(repeating: first, count: sockets)
    }

    /// Its place among the messages, from 0.
    mutating func take(_ seq: Int64, by socket: Int) throws -> Int {
        guard seq == next[socket] else {
            let fault = seq < next[socket] ? "doubled or late" : "lost or late"
            throw RunFailure("\(fault): socket \(socket) got message \(seq) in place of \(next[socket])")
        }
        next[socket] += 1
        deliveries += 1
        let place = Int(seq - first)
        if place == counts.count { counts.append(0) }
        counts[place] += 1
        if counts[place] == sockets { completed += 1 }
        return place
    }

    /// What has not come of so many messages.
    func missing(of messages: Int) -> Int { messages * sockets - deliveries }
}
