package import Kernel

/// Finding what a team has.
package struct Searching: Sendable {
    /// Of one word.
    private static let maximumNeighbours = 16
    /// Words that share a clue with one that was asked; more than are ever a typo away.
    private static let maximumCandidates = 256

    private let index: any SearchIndex
    /// The circles that somebody belongs to; documents for them are shown beside those for the whole team.
    private let circles: @Sendable (Caller) async throws -> [UUIDv7]

    package init(
        index: any SearchIndex, circles: @escaping @Sendable (Caller) async throws -> [UUIDv7] = { _ in [] }
    ) {
        self.index = index
        self.circles = circles
    }

    package struct Request: Sendable {
        package let text: String
        /// Narrow the search as the filters in the text do.
        package var kind: String?
        package var room: String?
        package var limit = 20
        package var cursor: String?

        package init(_ text: String) { self.text = text }
    }

    package struct Hit: Sendable {
        package let document: SearchDocument
        package let rank: MatchRank
        package let title: Highlights
        package let excerpt: Highlights
    }

    package struct Results: Sendable {
        package let hits: [Hit]
        /// Where the next page starts; nil at the end.
        package let next: String?
    }

    /// The best first, and of equally good ones the newest; only what the caller may see.
    package func find(_ request: Request, by caller: Caller) async throws -> Results {
        var query = try SearchQuery(request.text, by: caller.user)
        if let kind = request.kind { try query.narrow(toKind: kind, field: "kind") }
        if let room = request.room { try query.narrow(toRoom: room, field: "roomId") }
        let after = try request.cursor.map(Self.place)
        guard !query.terms.isEmpty || query.filter.narrows else { return Results(hits: [], next: nil) }
        query.filter.kinds = query.filter.kinds.filter { caller.allows($0.action) }
        guard !query.filter.kinds.isEmpty else { return Results(hits: [], next: nil) }
        query.filter.audiences = try await circles(caller)
        let (neighbours, unknown) = try await neighbours(of: query, in: caller.tenant)
        let found = try await index.find(
            IndexQuery(
                conditions: query.conditions(neighbours: neighbours, unknown: unknown),
                filter: query.filter, after: after, limit: request.limit + 1), in: caller.tenant)
        let shown = found.prefix(request.limit)
        let hits = shown.map { hit in
            Hit(
                document: hit.document, rank: hit.place.rank,
                title: Highlights(hit.document.title, query, neighbours: neighbours),
                excerpt: Highlights(hit.document.text, query, neighbours: neighbours))
        }
        return Results(hits: hits, next: found.count > shown.count ? shown.last?.place.text : nil)
    }

    /// The tenant's own words that are a typo away from each word that was asked; and of those that were asked, which
    /// are surely no words of the tenant.
    private func neighbours(
        of query: SearchQuery, in tenant: TenantID
    ) async throws -> (neighbours: [String: [String]], unknown: Set<String>) {
        let asked = query.terms.compactMap { term -> String? in
            guard case .word(let word) = term, Typo.isPossible(word) else { return nil }
            return word
        }
        guard !asked.isEmpty else { return ([:], []) }
        let clues = Set(asked.flatMap(Typo.clues))
        let known = try await index.words(
            withClues: clues.sorted(), limit: Self.maximumCandidates, in: tenant)
        var neighbours: [String: [String]] = [:]
        for word in asked {
            let near = known.filter { $0 != word && Typo.separates($0, word) }
            neighbours[word] = Array(near.prefix(Self.maximumNeighbours))
        }
        return (neighbours, known.count < Self.maximumCandidates ? Set(asked).subtracting(known) : [])
    }

    private static func place(_ cursor: String) throws(Failure) -> SearchPlace {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let rank = Int(parts[0]).flatMap(MatchRank.init(rawValue:)),
            let number = Int64(parts[1], radix: 36), number >= 0
        else { throw .invalid("cursor", "invalid", "This cursor is not one of ours.") }
        return SearchPlace(rank: rank, number: number)
    }
}

extension SearchPlace {
    fileprivate var text: String { "\(rank.rawValue)-\(String(number, radix: 36))" }
}
