import Kernel
import Search

/// Finds a tenant's documents by FTS5, whose only order is that of numbers: the newest first, from a number on.
///
/// A search walks through as few of its lists as it can, tells the rank of each document by its text, and stops when it
/// has a page.
struct FTS5Rows {
    private let rows: TenantReader
    private let tenant: TenantID
    private let query: IndexQuery
    private let range: Range<Int64>
    /// Nil where FTS5 need not be told whose documents are wanted, since most are the tenant's.
    private let scope: String?

    /// Of one walk for several ranks, by hits that are wanted; further documents are looked for rank by rank.
    private static let documents = 4
    /// Of a walk by tokens, before it must go on by whole pieces.
    private static let strangers = 400
    /// Of an author or in a room: as many are read and ranked in the time that FTS5 takes to look for one piece.
    private static let documentsByPiece = 500
    private static let maximumDocuments = 8_000

    init(_ rows: TenantReader, _ tenant: TenantID, _ query: IndexQuery) throws {
        self.rows = rows
        self.tenant = tenant
        self.query = query
        range = SearchNumber.range(query.filter, before: nil)
        scope = try Self.isMostlyOf(tenant, rows, range) ? nil : SearchNumber.scope(of: tenant)
    }

    /// Whether half of the newest documents are the tenant's, or more. A walk by scope as well goes through one list
    /// more, the longest of all.
    private static func isMostlyOf(
        _ tenant: TenantID, _ rows: TenantReader, _ range: Range<Int64>
    ) throws -> Bool {
        try rows.first(
            "1", from: .searchDocuments,
            where: """
                (SELECT sum(owner = \(tenant)) * 2 >= count(*) FROM (SELECT tenant_id AS owner \
                FROM search_documents WHERE number < \(range.upperBound) ORDER BY number DESC LIMIT 64))
                """
        ) { try $0.next(Int64.self) } != nil
    }

    func find() throws -> [IndexHit] {
        let wanted = query.conditions.filter { condition in
            query.after.map { condition.rank >= $0.rank } ?? true
        }
        if let hits = try findAmongFew(wanted) { return hits }
        var hits: [IndexHit] = []
        var others = wanted[...]
        if let after = query.after, let condition = wanted.first, condition.rank == after.rank {
            // The rest of the rank in which the page before ended.
            hits = try find(condition, before: after.number, query.limit)
            others = others.dropFirst()
        }
        return hits.count < query.limit ? try hits + find(others, query.limit - hits.count) : hits
    }

    /// The first `limit` of all these ranks.
    private func find(_ wanted: ArraySlice<TextCondition>, _ limit: Int) throws -> [IndexHit] {
        // Neighbours are many pieces, and looked for where the words themselves do not fill the page.
        let near = wanted.prefix { $0.rank < .fuzzy }
        let walk = try walk(near, limit)
        var hits: [IndexHit] = []
        for condition in wanted where hits.count < limit {
            let isNear = near.contains(condition)
            if isNear, let walk { hits += walk.hits(condition.rank).prefix(limit - hits.count) }
            if hits.count >= limit || isNear && walk.map({ $0.end == nil }) ?? false { continue }
            let before = isNear ? walk?.last : nil
            hits += try find(condition, before: before ?? range.upperBound, limit - hits.count)
        }
        return hits
    }

    /// The newest `limit` of one rank.
    private func find(
        _ condition: TextCondition, before number: Int64, _ limit: Int
    ) throws -> [IndexHit] {
        var walk = SearchWalk(
            query.conditions, .init(hits: limit, goal: condition.rank, strangers: Self.strangers))
        // FTS5 stops at the first token that no text has: mostly the beginning of a title.
        let forms: [FTS5Match.Form] = condition.rank == .exact ? [.whole] : FTS5Match.Form.allCases
        try run(&walk, condition.ownGroups, forms, before: number)
        return walk.hits(condition.rank)
    }

    /// The newest documents of any of these ranks, each of which asks less than those before; nil for one rank alone.
    private func walk(_ wanted: ArraySlice<TextCondition>, _ limit: Int) throws -> SearchWalk? {
        guard wanted.count > 1, let loosest = wanted.last else { return nil }
        // Titles that are what was asked are few, and do not end it; they are asked for by themselves then.
        let goal = wanted.first { $0.rank > .exact }?.rank
        var walk = SearchWalk(
            query.conditions,
            .init(
                hits: limit, goal: goal, documents: limit * Self.documents, strangers: Self.strangers))
        try run(&walk, loosest.groups, FTS5Match.Form.allCases, before: range.upperBound)
        return walk
    }

    private func run(
        _ walk: inout SearchWalk, _ groups: [[String]], _ forms: [FTS5Match.Form], before number: Int64
    ) throws {
        var number = number
        for form in forms {
            if form == .whole { walk.welcomeStrangers() }
            let match = FTS5Match(groups, scope: scope, form).text
            try rows.each(
                Self.columns, from: .foundDocuments,
                where: """
                    search_text MATCH \(match) AND search_text.rowid >= \(range.lowerBound) \
                    AND search_text.rowid < \(number) \(probed) AND \(SearchRows.filtered(query.filter))
                    """, then: "ORDER BY search_text.rowid DESC"
            ) { try Self.add(&$0, to: &walk) }
            guard walk.end == .strangers, let last = walk.last else { return }
            number = last
        }
    }

    private static let columns = "search_documents.folded, " + SearchRows.columns

    private static func add(_ row: inout SQLRowReader, to walk: inout SearchWalk) throws -> Bool {
        let folded: String = try row.next()
        let number: Int64 = try row.next()
        return try walk.add(number, folded: folded) { try SearchRows.document(&row) }
    }

    /// Tests what an index alone can tell before rows are read. The planner would read the rows.
    private var probed: SQLText {
        var sql: SQLText = ""
        if let author = query.filter.author {
            sql = """
                \(sql) AND EXISTS (SELECT 1 FROM search_documents AS own INDEXED BY search_documents_by_author \
                WHERE own.tenant_id = \(tenant) AND own.author = \(author) AND own.number = search_text.rowid)
                """
        }
        if let room = query.filter.room {
            sql = """
                \(sql) AND EXISTS (SELECT 1 FROM search_documents AS inside INDEXED BY search_documents_by_room \
                WHERE inside.tenant_id = \(tenant) AND inside.room = \(room) AND inside.number = search_text.rowid)
                """
        }
        return sql
    }

    // MARK: A room or an author with few documents

    /// Reads them all; nil where they are not so few.
    private func findAmongFew(_ wanted: [TextCondition]) throws -> [IndexHit]? {
        let pieces = query.conditions.last?.groups.reduce(0) { $0 + $1.count } ?? 0
        let most = min(pieces * Self.documentsByPiece, Self.maximumDocuments)
        guard let few = try few(most) else { return nil }
        var walk = SearchWalk(query.conditions, .init(hits: query.limit, after: query.after))
        try rows.each(
            Self.columns, from: few, where: "\(numbered) AND \(SearchRows.filtered(query.filter))",
            then: "ORDER BY number DESC"
        ) { try Self.add(&$0, to: &walk) }
        return Array(wanted.flatMap { walk.hits($0.rank) }.prefix(query.limit))
    }

    /// The documents that the filter leaves, by the index that has no more than `most` of them.
    private func few(_ most: Int) throws -> TenantTable? {
        let narrow: [(TenantTable, SQLText)] =
            (query.filter.room.map { [(.documentsByRoom, "room = \($0)")] } ?? [])
            + (query.filter.author.map { [(.documentsByAuthor, "author = \($0)")] } ?? [])
        return try narrow.first { table, condition in
            let others: [Int64] = try rows.select(
                "number", from: table, where: "\(condition) AND \(numbered)",
                then: "ORDER BY number DESC LIMIT 1 OFFSET \(most)"
            ) { try $0.next() }
            return others.isEmpty
        }?.0
    }

    private var numbered: SQLText {
        "number >= \(range.lowerBound) AND number < \(range.upperBound)"
    }
}

extension TenantTable {
    /// FTS5 gives numbers first, in its order; the tenant's documents are then read.
    fileprivate static let foundDocuments = TenantTable(
        "search_text CROSS JOIN search_documents ON number = search_text.rowid")
    fileprivate static let documentsByRoom = TenantTable(
        "search_documents INDEXED BY search_documents_by_room")
    fileprivate static let documentsByAuthor = TenantTable(
        "search_documents INDEXED BY search_documents_by_author")
}
