import Search

/// Sorts documents by rank as they come, the newest first, and says when it has seen enough of them.
struct SearchWalk {
    struct Bounds {
        /// Hits that are kept of each rank. As many of rank `goal` end the walk.
        var hits: Int
        var goal: MatchRank?
        /// What comes up to here among all hits is left out.
        var after: SearchPlace?
        /// Documents that are looked at.
        var documents = Int.max
        /// Documents that turn out to be of no rank.
        var strangers = Int.max
    }

    /// Why a walk ends before there are no more documents.
    enum End { case goal, documents, strangers }

    private let conditions: [TextCondition]
    private var bounds: Bounds
    private var ranked: [MatchRank: [IndexHit]] = [:]
    private var documents = 0
    private var strangers = 0
    private(set) var end: End?
    /// The number of the document that was looked at last; the next have lower ones.
    private(set) var last: Int64?

    /// Of `conditions`, the best of which comes first, the first that holds is a document's rank.
    init(_ conditions: [TextCondition], _ bounds: Bounds) {
        self.conditions = conditions
        self.bounds = bounds
    }

    func hits(_ rank: MatchRank) -> [IndexHit] { ranked[rank] ?? [] }

    /// False at the end; `document` is read only of a hit.
    mutating func add(
        _ number: Int64, folded: String, document: () throws -> SearchDocument
    ) rethrows -> Bool {
        last = number
        documents += 1
        if let rank = conditions.first(where: { $0.holds(for: folded) })?.rank {
            let place = SearchPlace(rank: rank, number: number)
            if isWanted(place), hits(rank).count < bounds.hits {
                ranked[rank, default: []].append(IndexHit(document: try document(), place: place))
            }
        } else {
            strangers += 1
        }
        if let goal = bounds.goal, hits(goal).count >= bounds.hits {
            end = .goal
        } else if documents >= bounds.documents {
            end = .documents
        } else if strangers >= bounds.strangers {
            end = .strangers
        }
        return end == nil
    }

    /// Strangers do not end it any more; if they did, it goes on.
    mutating func welcomeStrangers() {
        bounds.strangers = .max
        if end == .strangers { end = nil }
    }

    private func isWanted(_ place: SearchPlace) -> Bool {
        guard let after = bounds.after else { return true }
        return place.rank == after.rank ? place.number < after.number : place.rank > after.rank
    }
}

extension TextCondition {
    /// As the text indexes mean it, but for `except`.
    fileprivate func holds(for folded: String) -> Bool {
        groups.allSatisfy { group in group.contains { Self.contains($0, in: folded) } }
    }

    /// Both are folded: what is equal has equal bytes.
    private static func contains(_ piece: String, in folded: String) -> Bool {
        var (piece, folded) = (piece, folded)
        return folded.withUTF8 { text in
            piece.withUTF8 { piece in
                guard let first = piece.first else { return true }
                guard text.count >= piece.count else { return false }
                return (0...text.count - piece.count).contains { start in
                    text[start] == first && text[start..<start + piece.count].elementsEqual(piece)
                }
            }
        }
    }

    /// What the documents of this rank have and those of better ones have not all of: where it asks less than the rank
    /// before in one group alone, that group without the pieces that were asked before.
    var ownGroups: [[String]] {
        guard groups.count == except.count else { return groups }
        let wider = groups.indices.filter { groups[$0] != except[$0] }
        guard wider.count == 1, let place = wider.first else { return groups }
        var own = groups
        own[place].removeAll { except[place].contains($0) }
        return own[place].isEmpty ? groups : own
    }
}
