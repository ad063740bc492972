/// Finds what was probably meant by a word that is not known.
enum NearestKey {
    /// The candidate closest to `word`; nil where none is close enough to be worth naming.
    static func of(_ word: String, among candidates: [String]) -> String? {
        let wanted = word.lowercased()
        let ranked = candidates.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
        let best = ranked.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        if let best, best.distance <= max(1, best.name.count / 4) { return best.name }
        let containing = candidates.filter { $0.lowercased().contains(wanted) }
        return word.count >= 4 && containing.count == 1 ? containing.first : nil
    }

    /// Damerau-Levenshtein: insertions, deletions, replacements and swaps of neighbours.
    static func distance(_ left: String, _ right: String) -> Int {
        // Longer words are not typed by hand, and the table would grow with their product.
        let left = Array(left.prefix(128))
        let right = Array(right.prefix(128))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    /// What to say of a key that its section does not have.
    static func advice(on key: String, in section: String) -> (message: String, nearest: String?) {
        let siblings = ProfileKeys.names(in: section)
        let nearest = of(key, among: siblings)
        let others = ProfileKeys.sections(having: key, otherThan: section)
        if !others.isEmpty {
            return ("unknown key here (\"\(key)\" belongs to \(others.joined(separator: ", ")))", nearest)
        }
        if nearest != nil { return ("unknown key", nearest) }
        return ("unknown key; known here: \(siblings.joined(separator: ", "))", nil)
    }
}
