import Search

/// The newest documents of any rank, each with its own.
struct SearchSample {
    private let hits: [MatchRank: [IndexHit]]
    /// Whether there are no others.
    private let isAll: Bool

    /// `found` is newest first; of each the searched text decides between `conditions`, the best of which comes first.
    init(_ found: [(hit: IndexHit, folded: String)], isAll: Bool, of conditions: [TextCondition]) {
        self.isAll = isAll
        hits = found.reduce(into: [:]) { hits, found in
            guard let rank = conditions.first(where: { $0.holds(for: found.folded) })?.rank else { return }
            let place = SearchPlace(rank: rank, number: found.hit.place.number)
            hits[rank, default: []].append(IndexHit(document: found.hit.document, place: place))
        }
    }

    /// The newest `limit` of a rank behind `number`; nil where the sample does not tell.
    func hits(_ condition: TextCondition, before number: Int64?, _ limit: Int) -> [IndexHit]? {
        let known = (hits[condition.rank] ?? []).filter { hit in number.map { hit.place.number < $0 } ?? true
        }
        guard isAll || known.count >= limit else { return nil }
        return Array(known.prefix(limit))
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
}
