import Kernel
import Search
import TestDatabase
import Testing

@testable import Relational

/// What FTS5 finds among many documents, page by page, against looking at each of them.
@Suite struct FTS5SearchTests {
    /// Has most of the documents, and the newest; the other is asked by scope.
    private static let (large, small) = (TenantID(), TenantID())
    private static let rooms = (0..<3).map { _ in UUIDv7() }
    private static let authors = (0..<2).map { _ in UserID() }
    private static let circle = UUIDv7()
    /// Of so few letters that the tokens of a word stand nearly everywhere.
    private static let words = [
        "aba", "abab", "baba", "abba", "ababa", "babab", "abbab", "babba", "ababab", "bababa", "abaaba",
        "baabab", "ababbaba", "a", "b", "ja", "jaba", "rare", "rarely",
    ]

    private struct Dice {
        private var state: UInt64 = 42

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }

    private static func documents() -> [(TenantID, SearchDocument)] {
        var dice = Dice()
        return (0..<1_500).map { place in
            var text: [String] = []
            for _ in 0..<dice.below(6) + 1 {
                // Words further behind come less often.
                text.append(words[min(dice.below(words.count), dice.below(words.count))])
            }
            let title = dice.below(8) == 0 ? words[dice.below(words.count)] : ""
            let id = UUIDv7(high: UInt64(1_767_225_600_000 + place) << 16 | 0x7000, low: 1 << 63)
            let document = SearchDocument(
                DocumentKey(dice.below(3) == 0 ? .video : .message, id), title: title,
                text: text.joined(separator: " "), author: authors[dice.below(10) == 0 ? 0 : 1],
                // In the first room are more than are read one by one.
                room: rooms[[0, 0, 0, 0, 0, 0, 1, 1, 1, 2][dice.below(10)]],
                audience: dice.below(12) == 0 ? circle : nil)
            return (dice.below(5) == 0 && place < 1_200 ? small : large, document)
        }
    }

    private static let filters: [SearchFilter] = {
        func filter(_ change: (inout SearchFilter) -> Void) -> SearchFilter {
            var filter = SearchFilter()
            change(&filter)
            return filter
        }
        return [
            filter { _ in }, filter { $0.audiences = [circle] }, filter { $0.kinds = [.video] },
            filter { $0.room = rooms[0] }, filter { $0.room = rooms[2] }, filter { $0.author = authors[0] },
            filter {
                $0.room = rooms[0]
                $0.author = authors[1]
            },
            filter {
                $0.from = Timestamp(milliseconds: 1_767_225_600_500)
                $0.until = Timestamp(milliseconds: 1_767_225_601_500)
            },
        ]
    }()

    private static let texts = [
        "aba", "baba", "\"a b\"", "\"ababbaba abba\"", "babb*", "rare", "rare aba", "jaba rare", "abbb",
        "\"nothing here\"",
    ]

    private static func conditions(_ text: String) throws -> [TextCondition] {
        let query = try SearchQuery(text, by: UserID())
        let asked = query.terms.flatMap(\.words)
        let neighbours = Dictionary(
            asked.map { word in
                (word, words.filter { $0 != word && Typo.isPossible(word) && Typo.separates($0, word) })
            }
        ) { first, _ in first }
        return query.conditions(neighbours: neighbours)
    }

    private typealias Ranked = (document: SearchDocument, place: SearchPlace)

    /// All hits of a tenant, by looking at all documents.
    private static func ranked(
        _ documents: [(TenantID, SearchDocument)], _ tenant: TenantID, _ conditions: [TextCondition]
    ) -> [Ranked] {
        let hits = documents.compactMap { owner, document -> Ranked? in
            guard owner == tenant else { return nil }
            let text = document.searched
            let rank = conditions.first { condition in
                condition.groups.allSatisfy { $0.contains { text.contains($0) } }
            }?.rank
            let number = SearchNumber.first(for: document.key.id)
            return rank.map { (document, SearchPlace(rank: $0, number: number)) }
        }
        return hits.sorted { ($0.place.rank, $1.place.number) < ($1.place.rank, $0.place.number) }
    }

    private static func isShown(_ document: SearchDocument, by filter: SearchFilter) -> Bool {
        filter.kinds.contains(document.key.kind)
            && document.audience.map(filter.audiences.contains) ?? true
            && filter.author.map { $0 == document.author } ?? true
            && filter.room.map { $0 == document.room } ?? true
            && filter.from.map { $0 <= document.key.id.timestamp } ?? true
            && filter.until.map { $0 > document.key.id.timestamp } ?? true
    }

    @Test func `pages have all that a look at each document finds, in its order`() async throws {
        let documents = Self.documents()
        try await TestDatabase.with { file async throws in
            let index = RelationalSearchIndex(file.database())
            for tenant in [Self.large, Self.small] {
                try await index.add(documents.filter { $0.0 == tenant }.map(\.1), in: tenant)
            }
            for (tenant, text) in [Self.large, Self.small].flatMap({ tenant in
                Self.texts.map { (tenant, $0) }
            }) {
                let conditions = try Self.conditions(text)
                let all = Self.ranked(documents, tenant, conditions)
                for (number, filter) in Self.filters.enumerated() {
                    let expected = all.filter { Self.isShown($0.document, by: filter) }.map(\.place)
                    var found: [SearchPlace] = []
                    for limit in [1, 7, 30, 3_000] {
                        let page = try await index.find(
                            IndexQuery(
                                conditions: conditions, filter: filter, after: found.last, limit: limit),
                            in: tenant)
                        found += page.map(\.place)
                        #expect(
                            found == Array(expected.prefix(found.count))
                                && (page.count == limit || found.count == expected.count),
                            "\(text), filter \(number), \(limit) of \(tenant == Self.large)")
                    }
                }
            }
        }
    }

    @Test func `what stands behind many documents that only look alike is found`() async throws {
        try await TestDatabase.with { file async throws in
            let index = RelationalSearchIndex(file.database())
            // All of the tokens that `quack` is looked for by stand in these as well.
            let texts = ["quack"] + Array(repeating: "quick back", count: 450) + ["quack"]
            let documents = texts.enumerated().map { place, text in
                let id = UUIDv7(high: UInt64(1_767_225_600_000 + place) << 16 | 0x7000, low: 1 << 63)
                return SearchDocument(DocumentKey(.message, id), title: "", text: text)
            }
            try await index.add(documents, in: Self.large)
            let query = IndexQuery(
                conditions: try Self.conditions("\"quack\""), filter: SearchFilter(), limit: 5)
            let found = try await index.find(query, in: Self.large).map(\.document.key)
            #expect(found == [documents.last, documents.first].compactMap { $0?.key })
        }
    }
}
