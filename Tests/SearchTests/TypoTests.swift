import Testing

@testable import Search

/// One slip of the fingers.
@Suite struct TypoTests {
    @Test(
        arguments: [
            ("film", "film", true), ("film", "flim", true), ("film", "fim", true), ("film", "fillm", true),
            ("film", "firm", true), ("film", "ilm", true), ("film", "films", true), ("film", "fmil", false),
            ("film", "flmi", false), ("film", "fi", false), ("film", "farm", false),
            ("quarterly", "quartelry", true),
            ("quarterly", "qaurtelry", false), ("abcd", "badc", false), ("über", "uber", true),
        ])
    func `a letter more, less, other or exchanged is one typo`(_ left: String, _ right: String, _ near: Bool)
    {
        #expect(Typo.separates(left, right) == near)
        #expect(Typo.separates(right, left) == near)
    }

    /// Any two words a typo apart have a clue in common, and none has more clues than letters and one.
    @Test func `neighbours share a clue`() {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdeé")
        for _ in 0..<2_000 {
            let word = (0..<Int.random(in: 4...9, using: &generator)).map { _ in letters.randomElement()! }
            var other = word
            let place = Int.random(in: 0..<word.count - 1, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: other.remove(at: place)
            case 1: other.insert(letters.randomElement()!, at: place)
            case 2: other[place] = letters.randomElement()!
            default: other.swapAt(place, place + 1)
            }
            let (left, right) = (String(word), String(other))
            #expect(Typo.separates(left, right), "\(left) \(right)")
            #expect(!Set(Typo.clues(of: left)).isDisjoint(with: Typo.clues(of: right)), "\(left) \(right)")
            #expect(Typo.clues(of: left).count <= left.unicodeScalars.count + 1)
        }
    }

    @Test func `clues are the same for ever`() {
        #expect(Typo.clues(of: "ab") == [-8327068183585284297, -6405264930393136314, -6016726080209032828])
    }

    @Test func `short words, long words and numbers have no typos`() {
        #expect(["film", "über"].allSatisfy(Typo.isPossible))
        #expect(
            !["fil", "2026", "mp4x", "", String(repeating: "a", count: 25)].contains(where: Typo.isPossible))
    }
}
