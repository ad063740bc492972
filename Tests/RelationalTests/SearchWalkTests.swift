import Kernel
import Search
import Testing

@testable import Relational

/// When a walk through documents ends, and what it has found by then.
@Suite struct SearchWalkTests {
    private static let conditions = [
        TextCondition(.exact, groups: [["< duck >"]]),
        TextCondition(.words, groups: [[" duck "]], except: [["< duck >"]]),
        TextCondition(.prefix, groups: [[" duck"]], except: [[" duck "]]),
    ]

    /// Documents that are numbered from `count` down to 1, of these ranks; `nil` has no piece.
    private func walk(
        _ ranks: [MatchRank?], _ bounds: SearchWalk.Bounds
    ) -> (walk: SearchWalk, looked: Int, read: Int) {
        var walk = SearchWalk(Self.conditions, bounds)
        var (looked, read) = (0, 0)
        for (index, rank) in ranks.enumerated() {
            let folded =
                switch rank {
                case .exact: "< duck >  "
                case .words: "< the duck > quacks "
                case .prefix: "<  > ducks "
                default: "< du ck > uck "
                }
            looked += 1
            let number = Int64(ranks.count - index)
            let goesOn = walk.add(number, folded: folded) {
                read += 1
                return SearchDocument(DocumentKey(.video, UUIDv7()), title: folded)
            }
            #expect(walk.last == number)
            #expect(goesOn == (walk.end == nil))
            if !goesOn { break }
        }
        return (walk, looked, read)
    }

    private func numbers(_ walk: SearchWalk, _ rank: MatchRank) -> [Int64] {
        walk.hits(rank).map(\.place.number)
    }

    @Test func `each document is of the best rank that holds, and strangers are of none`() {
        let (walk, looked, read) = walk([.prefix, nil, .words, .exact, .prefix], .init(hits: 9))
        #expect(walk.end == nil && looked == 5 && read == 4)
        #expect(numbers(walk, .exact) == [2])
        #expect(numbers(walk, .words) == [3])
        #expect(numbers(walk, .prefix) == [5, 1])
    }

    @Test func `it ends with as many of its goal as are wanted, and keeps no more of others`() {
        let ranks: [MatchRank?] = [.prefix, .words, .prefix, .exact, .prefix, .words, .words]
        let (walk, looked, read) = walk(ranks, .init(hits: 2, goal: .words))
        #expect(walk.end == .goal && looked == 6 && read == 5)
        #expect(numbers(walk, .words) == [6, 2])
        #expect(numbers(walk, .prefix) == [7, 5])
    }

    @Test func `it ends where it was to look at no more, or met too many strangers`() {
        #expect(walk([.words, nil, .words, .words], .init(hits: 9, documents: 3)).walk.end == .documents)
        var (walk, looked, _) = walk([.words, nil, nil, .words], .init(hits: 9, strangers: 2))
        #expect(walk.end == .strangers && looked == 3)
        walk.welcomeStrangers()
        #expect(walk.end == nil && numbers(walk, .words) == [4])
        #expect(walk.add(1, folded: "none") { SearchDocument(DocumentKey(.video, UUIDv7()), title: "") })
    }

    @Test(
        arguments: [
            (MatchRank.words, 4, [3], [6, 1]), (.words, 3, [], [6, 1]), (.exact, 1, [5, 3], [6, 1]),
            (.prefix, 5, [], [1]),
        ] as [(MatchRank, Int64, [Int64], [Int64])])
    func `what the pages before had is left out`(
        _ rank: MatchRank, _ number: Int64, _ words: [Int64], _ prefix: [Int64]
    ) {
        let after = SearchPlace(rank: rank, number: number)
        let (walk, _, _) = walk(
            [.prefix, .words, .exact, .words, nil, .prefix], .init(hits: 9, after: after))
        #expect(numbers(walk, .exact) == [])
        #expect(numbers(walk, .words) == words)
        #expect(numbers(walk, .prefix) == prefix)
    }

    @Test(
        arguments: [
            ([["a", "b", "c"]], [["a"]], [["b", "c"]]),
            ([["x"], ["a", "b"]], [["x"], ["a"]], [["x"], ["b"]]),
            // Either group may be what the rank before has not.
            ([["x", "y"], ["a", "b"]], [["x"], ["a"]], [["x", "y"], ["a", "b"]]),
            ([["a"], ["b"]], [["ab"]], [["a"], ["b"]]), ([["a"]], [], [["a"]]),
        ] as [([[String]], [[String]], [[String]])])
    func `a rank is looked for by what the one before has not`(
        _ groups: [[String]], _ except: [[String]], _ own: [[String]]
    ) {
        #expect(TextCondition(.fuzzy, groups: groups, except: except).ownGroups == own)
    }

    @Test(
        arguments: [
            ("abc", ["abc"]), ("abcd", ["abc", "bcd"]), (" duck ", [" du", "ck "]),
            (" ducks ", [" du", "cks", "ks "]), ("< äß🚀 >", ["< ä", "ß🚀 ", "🚀 >"]),
        ] as [(String, [String])])
    func `few tokens hold all characters of a piece`(_ piece: String, _ tokens: [String]) {
        #expect(FTS5Match.cover(piece) == tokens)
    }

    @Test func `a question to FTS5 asks for one piece of each group, in the scope if there is one`() {
        let groups = [[" du\"ck", "abc"], ["xyz"]]
        #expect(
            FTS5Match(groups, scope: "S", .whole).text == #"(" du""ck" OR "abc") AND ("xyz") AND "S""#)
        #expect(
            FTS5Match(groups, scope: nil, .sparse).text
                == #"((" du" AND """ck") OR ("abc")) AND (("xyz"))"#)
    }
}
