/// Marks in a text what a query found there, as ranges, so that no markup is made of anybody's words.
package struct Highlights: Sendable, Equatable {
    package static let maximumRanges = 32
    /// UTF-16 units of an excerpt, and how many of them stand before its first mark.
    package static let excerptLength = 240
    private static let leadLength = 60

    /// The text, or the part of a long one around the first mark.
    package let text: String
    /// In UTF-16 units of `text`, in order, apart from each other.
    package let ranges: [Range<Int>]

    init(_ text: String, _ query: SearchQuery, neighbours: [String: [String]]) {
        let found = Self.ranges(in: FoldedText(text).words, query, neighbours)
        let length = text.utf16.count
        guard length > Self.excerptLength else {
            self.text = text
            ranges = Array(found.prefix(Self.maximumRanges))
            return
        }
        let start = min(max(0, (found.first?.lowerBound ?? 0) - Self.leadLength), length - Self.excerptLength)
        let (excerpt, offset) = Self.part(of: text, from: start)
        let end = offset + excerpt.utf16.count
        self.text = excerpt
        ranges = found.filter { $0.lowerBound >= offset && $0.upperBound <= end }
            .prefix(Self.maximumRanges).map { $0.lowerBound - offset..<$0.upperBound - offset }
    }

    /// Whole characters only.
    private static func part(of text: String, from start: Int) -> (String, offset: Int) {
        var part = ""
        var (offset, length, first) = (0, 0, 0)
        for character in text {
            let width = character.utf16.count
            if offset < start {
                offset += width
                first = offset
                continue
            }
            guard length + width <= excerptLength else { break }
            part.append(character)
            length += width
        }
        return (part, first)
    }

    private static func ranges(
        in words: [FoldedText.Word], _ query: SearchQuery, _ neighbours: [String: [String]]
    ) -> [Range<Int>] {
        var marked = Set<Int>()
        for term in query.terms {
            let asked = term.words
            guard words.count >= asked.count else { continue }
            for start in 0...(words.count - asked.count)
            where matches(words[start..<start + asked.count], term, neighbours) {
                marked.formUnion(start..<start + asked.count)
            }
        }
        return marked.sorted().map { words[$0].range }
    }

    private static func matches(
        _ words: ArraySlice<FoldedText.Word>, _ term: SearchQuery.Term, _ neighbours: [String: [String]]
    ) -> Bool {
        let found = words.map(\.text)
        switch term {
        case .word(let word):
            return found[0] == word || (word.unicodeScalars.count >= 2 && found[0].hasPrefix(word))
                || neighbours[word]?.contains(found[0]) == true
        case .phrase(let asked): return found == asked
        case .prefix(let asked):
            return found.dropLast() == asked.dropLast()
                && asked.last.map { found.last?.hasPrefix($0) == true } == true
        }
    }
}
