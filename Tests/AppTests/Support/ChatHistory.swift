import Foundation

/// What clients of one room saw and said, and what is stored; says where they do not agree.
struct ChatHistory: Sendable {
    /// An entry as somebody got it.
    struct Entry: Sendable, Equatable {
        let seq: Int64
        let id: String
        let clientID: String
        var parent: String?
    }

    enum Finding: Sendable, Equatable {
        /// Acknowledged and not stored, or stored elsewhere than said.
        case lost(clientID: String)
        /// Stored more than once under one client id.
        case doubled(clientID: String)
        /// The stored sequence has a hole or a repetition at this number.
        case brokenSequence(Int64)
        /// A client saw this number again.
        case seenTwice(client: String, Int64)
        /// A client saw this number behind a later one.
        case seenLate(client: String, Int64)
        /// A client never saw this number, though it was there from before it.
        case missed(client: String, Int64)
        /// What a client saw under a number is not what is stored under it.
        case differs(client: String, Int64)
        /// An answer stands before what it answers.
        case parentBehind(Int64)
        /// Messages of one client stand in another order than it sent them.
        case senderOrder(client: String, Int64)
    }

    /// As read from the store in the end, ascending.
    var stored: [Entry] = []
    /// What each client got, in the order in which it came, over all its connections.
    var seen: [String: [Entry]] = [:]
    /// Acknowledged: the number that was told, by client id.
    var acknowledged: [String: Int64] = [:]
    /// Client ids in the order in which each client had them acknowledged for the first time, each sent only after the
    /// one before it.
    var sent: [String: [String]] = [:]

    var findings: [Finding] { sequence + acknowledgements + views + parents + senders }

    private var sequence: [Finding] {
        zip(stored, stored.dropFirst()).filter { $0.seq + 1 != $1.seq }.map { .brokenSequence($1.seq) }
    }

    private var acknowledgements: [Finding] {
        let byClient = Dictionary(grouping: stored, by: \.clientID)
        let doubled = byClient.filter { $0.value.count > 1 }.map { Finding.doubled(clientID: $0.key) }
        let lost = acknowledged.filter { id, seq in byClient[id]?.first?.seq != seq }
        return doubled + lost.map { .lost(clientID: $0.key) }
    }

    private var views: [Finding] {
        let bySeq = Dictionary(stored.map { ($0.seq, $0) }) { first, _ in first }
        return seen.flatMap { client, entries -> [Finding] in
            var findings: [Finding] = []
            var last = entries.first.map { $0.seq - 1 } ?? 0
            var had: Set<Int64> = []
            for entry in entries {
                if !had.insert(entry.seq).inserted {
                    findings.append(.seenTwice(client: client, entry.seq))
                } else if entry.seq < last {
                    findings.append(.seenLate(client: client, entry.seq))
                }
                last = max(last, entry.seq)
                if bySeq[entry.seq] != entry { findings.append(.differs(client: client, entry.seq)) }
            }
            guard let first = had.min(), let end = stored.last?.seq, first <= end else { return findings }
            return findings + (first...end).filter { !had.contains($0) }.map { .missed(client: client, $0) }
        }
    }

    private var parents: [Finding] {
        let seqs = Dictionary(stored.map { ($0.id, $0.seq) }) { first, _ in first }
        return stored.filter { entry in
            guard let parent = entry.parent else { return false }
            return (seqs[parent] ?? .max) >= entry.seq
        }.map { .parentBehind($0.seq) }
    }

    private var senders: [Finding] {
        let seqs = Dictionary(stored.map { ($0.clientID, $0.seq) }) { first, _ in first }
        return sent.flatMap { client, ids -> [Finding] in
            let order = ids.compactMap { seqs[$0] }
            return zip(order, order.dropFirst()).filter { $0 >= $1 }.map { .senderOrder(client: client, $1) }
        }
    }
}

extension ChatHistory.Entry {
    init?(_ frame: [String: Any]) {
        guard let seq = (frame["seq"] as? NSNumber)?.int64Value, let id = frame["id"] as? String,
            let clientID = frame["clientId"] as? String
        else { return nil }
        self.init(seq: seq, id: id, clientID: clientID, parent: frame["parentId"] as? String)
    }
}
