import Testing

@testable import Profiles

@Suite struct NearestKeyTests {
    @Test(
        "a swap of neighbours counts as one mistake",
        arguments: [
            ("", "", 0), ("abc", "", 3), ("port", "port", 0), ("prot", "port", 1), ("prt", "port", 1),
            ("ca", "abc", 3), ("kitten", "sitting", 3),
        ])
    func distances(left: String, right: String, expected: Int) {
        #expect(NearestKey.distance(left, right) == expected)
        #expect(NearestKey.distance(right, left) == expected)
    }

    @Test(
        "the nearest key is named only if it is near",
        arguments: [
            ("prot", "port"), ("PORT", "port"), ("maxBodyBytes", "maximumBodyBytes"),
            ("bodyBytes", "maximumBodyBytes"),
            ("hsot", "host"), ("timeout", nil), ("x", nil), ("", nil),
        ] as [(String, String?)])
    func nearest(word: String, expected: String?) {
        #expect(NearestKey.of(word, among: ["host", "port", "maximumBodyBytes", "web"]) == expected)
    }

    @Test("a word of a million letters is answered at once") func longWords() {
        let word = String(repeating: "a", count: 1_000_000)
        #expect(NearestKey.of(word, among: ["host"]) == nil)
    }
}
