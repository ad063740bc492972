/// How well a hit answers, the best first.
package enum MatchRank: Int, Sendable, CaseIterable, Comparable {
    /// The title is what was asked.
    case exact
    /// All words stand side by side.
    case phrase
    /// All words are there.
    case words
    /// Words begin so.
    case prefix
    /// One typo away.
    case fuzzy
    /// Nothing was asked but filters.
    case any

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var name: String { "\(self)" }
}

/// What must stand in a document's searched text to be of a rank. Plain containment, which every engine means alike.
package struct TextCondition: Sendable, Equatable {
    package let rank: MatchRank
    /// Of each group one piece; a piece has at least three scalars: letters, digits, spaces, `<` and `>`.
    package let groups: [[String]]
    /// What better ranks ask: not all of these groups may be there.
    package let except: [[String]]

    package init(_ rank: MatchRank, groups: [[String]], except: [[String]] = []) {
        self.rank = rank
        self.groups = groups
        self.except = except
    }
}

extension SearchQuery {
    /// Each rank asks less than the one before it, and leaves out what that one has. `neighbours` are the words of the
    /// tenant that are a typo away, by word; no document of the tenant has the words in `unknown`.
    package func conditions(
        neighbours: [String: [String]] = [:], unknown: Set<String> = []
    ) -> [TextCondition] {
        guard !terms.isEmpty else { return [TextCondition(.any, groups: [])] }
        var conditions: [TextCondition] = []
        let asksUnknown = terms.contains {
            if case .word(let word) = $0 { unknown.contains(word) } else { false }
        }
        for rank in MatchRank.allCases where rank != .any && (rank > .words || !asksUnknown) {
            guard let groups = groups(of: rank, neighbours)?.unique, groups != conditions.last?.groups
            else { continue }
            conditions.append(TextCondition(rank, groups: groups, except: conditions.last?.groups ?? []))
        }
        return conditions
    }

    /// Nil where the rank has no sense for these terms.
    private func groups(of rank: MatchRank, _ neighbours: [String: [String]]) -> [[String]]? {
        let words = terms.flatMap(\.words).joined(separator: " ")
        let goesOn = terms.contains { if case .prefix = $0 { true } else { false } }
        switch rank {
        case .exact: return goesOn ? nil : [["< \(words) >"]] + fixed
        case .phrase: return goesOn ? nil : [[" \(words) "]] + fixed
        case .words: return plain { [" \($0) "] }
        case .prefix: return plain { [Self.beginning($0)] }
        case .fuzzy:
            return plain { word in [Self.beginning(word)] + (neighbours[word] ?? []).map { " \($0) " } }
        case .any: return nil
        }
    }

    /// A single letter is a word, not the beginning of one.
    private static func beginning(_ word: String) -> String {
        word.unicodeScalars.count >= 2 ? " \(word)" : " \(word) "
    }

    private func plain(_ group: (String) -> [String]) -> [[String]] {
        terms.map { term in
            switch term {
            case .word(let word): group(word)
            case .phrase(let words): [" \(words.joined(separator: " ")) "]
            case .prefix(let words): [" \(words.joined(separator: " "))"]
            }
        }
    }

    /// What is asked of every rank.
    private var fixed: [[String]] {
        terms.compactMap { term in
            if case .phrase(let words) = term { [" \(words.joined(separator: " ")) "] } else { nil }
        }
    }
}

extension [[String]] {
    /// Each group once, in order.
    fileprivate var unique: Self {
        reduce(into: []) { known, group in if !known.contains(group) { known.append(group) } }
    }
}
