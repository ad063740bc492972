import Kernel
import Testing

@testable import Search

/// How what somebody types is understood.
@Suite struct QueryTests {
    private let asker = UserID()

    private func terms(_ text: String) throws -> [SearchQuery.Term] {
        try SearchQuery(text, by: asker).terms
    }

    @Test(
        arguments: [
            ("", []), ("  \t\n ", []), ("Hello wörld", [.word("hello"), .word("world")]),
            ("\"Hello, wörld\"", [.phrase(["hello", "world"])]), ("\"one\"", [.phrase(["one"])]),
            ("“curly quotes”", [.phrase(["curly", "quotes"])]),
            ("before\"a b\"after", [.word("before"), .phrase(["a", "b"]), .word("after")]),
            ("\"never ended", [.phrase(["never", "ended"])]), ("\"\"", []), ("quart*", [.prefix(["quart"])]),
            ("v1.5", [.phrase(["v1", "5"])]), ("ada@exam*", [.prefix(["ada", "exam"])]),
            ("a*", [.phrase(["a"])]), ("*", []), ("会議", [.phrase(["会", "議"])]),
            ("会*", [.phrase(["会"])]), ("re:invent", [.phrase(["re", "invent"])]), ("🚀", [.word("🚀")]),
            (
                "a OR b NOT c NEAR(d)",
                [
                    .word("a"), .word("or"), .word("b"), .word("not"), .word("c"), .phrase(["near", "d"]),
                ]
            ),
            ("- \u{0} ' ; --", []), ("x'; DROP TABLE--", [.word("x"), .word("drop"), .word("table")]),
        ] as [(String, [SearchQuery.Term])])
    func `words, phrases and beginnings are told apart`(
        _ text: String, _ expected: [SearchQuery.Term]
    ) throws {
        #expect(try terms(text) == expected)
    }

    @Test func `filters narrow the search and are no text`() throws {
        let (author, room) = (UserID(), UUIDv7())
        let text = "kind:Video author:\(author) room:\(room) after:2026-01-31 before:2026-02-01T10:30:00Z cut"
        let query = try SearchQuery(text, by: asker)
        #expect(query.terms == [.word("cut")])
        #expect(query.filter.kinds == [.video])
        #expect(query.filter.author == author)
        #expect(query.filter.room == room)
        #expect(query.filter.from?.description == "2026-01-31T00:00:00.000Z")
        #expect(query.filter.until?.description == "2026-02-01T10:30:00.000Z")
        #expect(try SearchQuery("author:me", by: asker).filter.author == asker)
        #expect(try SearchQuery("\"kind:nothing\"", by: asker).terms == [.phrase(["kind", "nothing"])])
    }

    @Test(
        arguments: [
            "kind:", "kind:nothing", "author:", "author:Ann", "room:7", "after:yesterday", "before:",
            "after:2026-13-01", "after:99999-01-01", String(repeating: "a", count: 257),
            String(repeating: "w ", count: 17), "\"" + String(repeating: "w ", count: 17) + "\"",
        ])
    func `a filter without sense, and too much of anything, is refused`(_ text: String) {
        let refused = #expect(throws: Failure.self) { try SearchQuery(text, by: asker) }
        #expect(refused?.code == "invalid_request")
        #expect(refused?.fields.first?.field == "q")
    }

    @Test func `each rank asks less than the one before and leaves out what that has`() throws {
        let query = try SearchQuery("big duck", by: asker)
        let conditions = query.conditions(neighbours: ["duck": ["dock", "luck"]])
        #expect(conditions.map(\.rank) == [.exact, .phrase, .words, .prefix, .fuzzy])
        #expect(
            conditions.map(\.groups) == [
                [["< big duck >"]], [[" big duck "]], [[" big "], [" duck "]], [[" big"], [" duck"]],
                [[" big"], [" duck", " dock ", " luck "]],
            ])
        #expect(conditions.map(\.except) == [[]] + conditions.dropLast().map(\.groups))
    }

    @Test func `ranks that would ask the same are one`() throws {
        func ranks(_ text: String) throws -> [MatchRank] {
            try SearchQuery(text, by: asker).conditions().map(\.rank)
        }
        #expect(try ranks("duck") == [.exact, .phrase, .prefix])
        #expect(try ranks("\"big duck\"") == [.exact, .phrase])
        #expect(try ranks("duck*") == [.words])
        #expect(try ranks("big duck*") == [.words, .prefix])
        #expect(try ranks("kind:video") == [.any])
        #expect(try ranks("x") == [.exact, .phrase])
    }

    @Test func `ranks that need a word nobody said are left out`() throws {
        let query = try SearchQuery("big dukc", by: asker)
        let conditions = query.conditions(neighbours: ["dukc": ["duck"]], unknown: ["dukc"])
        #expect(conditions.map(\.rank) == [.prefix, .fuzzy])
        #expect(conditions.map(\.except) == [[], conditions[0].groups])
        #expect(query.conditions(unknown: ["luck"]).map(\.rank) == [.exact, .phrase, .words, .prefix])
    }

    @Test func `every piece is long enough for trigrams and free of signs`() throws {
        for text in ["a", "a b", "x* yz*", "会 a*", "\"a\" b", "1 22 333 四", "🚀 a"] {
            for condition in try SearchQuery(text, by: asker).conditions() {
                for piece in condition.groups.joined() {
                    #expect(piece.unicodeScalars.count >= 3, "\(text): \(piece)")
                    #expect(!piece.contains { "%_\\|;\"'".contains($0) })
                }
            }
        }
    }
}
