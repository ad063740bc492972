import Kernel
import Testing

@testable import Search

/// Marks of what was found.
@Suite struct HighlightTests {
    private func marks(_ query: String, _ text: String, _ neighbours: [String: [String]] = [:]) throws
        -> [String]
    {
        let highlights = Highlights(text, try SearchQuery(query, by: UserID()), neighbours: neighbours)
        let units = Array(highlights.text.utf16)
        return highlights.ranges.map { String(decoding: units[$0], as: UTF16.self) }
    }

    @Test func `words, their beginnings, typos and phrases are marked where they stand`() throws {
        #expect(try marks("duck", "A Dück, ducks & a dock", ["duck": ["dock"]]) == ["Dück", "ducks", "dock"])
        #expect(try marks("\"big duck\"", "big Duck, big, duck? Big") == ["big", "Duck", "big", "duck"])
        #expect(try marks("\"big duck\"", "duck big") == [])
        #expect(try marks("qua*", "Quarterly equal") == ["Quarterly"])
        #expect(try marks("会議", "🦆 会議の会") == ["会", "議"])
        #expect(try marks("don't", "<b>don’t</b>") == ["don’t"])
        #expect(try marks("b", "<b>x</b>") == ["b", "b"])
    }

    @Test func `a long text is cut around the first mark, in whole characters`() throws {
        let text = String(repeating: "👍🏽 ", count: 500) + "the duck " + String(repeating: "é", count: 500)
        let highlights = Highlights(text, try SearchQuery("duck", by: UserID()), neighbours: [:])
        #expect(highlights.text.utf16.count <= Highlights.excerptLength)
        #expect(text.contains(highlights.text))
        let units = Array(highlights.text.utf16)
        #expect(highlights.ranges.map { String(decoding: units[$0], as: UTF16.self) } == ["duck"])
        let plain = Highlights(text, try SearchQuery("nothing", by: UserID()), neighbours: [:])
        #expect(text.hasPrefix(plain.text) && plain.ranges.isEmpty)
    }

    @Test func `a text full of hits has few marks`() throws {
        let text = String(repeating: "a ", count: 200)
        #expect(try marks("a", String(text.prefix(239))).count == Highlights.maximumRanges)
    }
}
