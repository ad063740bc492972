import Kernel
import Search

/// Finds a tenant's documents, in one snapshot.
struct SearchRows {
    let rows: TenantReader
    let tenant: TenantID

    private static let columns = "number, kind, id, title, body, author, room, audience"

    func find(_ query: IndexQuery) throws -> [IndexHit] {
        let sample = try sample(query)
        var hits: [IndexHit] = []
        for condition in query.conditions where query.after.map({ condition.rank >= $0.rank }) ?? true {
            let after = query.after.flatMap { $0.rank == condition.rank ? $0.number : nil }
            let limit = query.limit - hits.count
            if let known = sample?.hits(condition, before: after, limit) {
                hits += known
            } else {
                let range = SearchNumber.range(query.filter, before: after)
                hits += try find(matching(condition, query.filter, range, limit), limit, condition.rank)
            }
            if hits.count >= query.limit { break }
        }
        return hits
    }

    /// The newest documents that are of any rank at all; nil where looking for each rank is as quick.
    ///
    /// FTS5 walks to the end of its lists for words that are rare, and for each rank again: rare words have all their
    /// documents in here, and frequent ones mostly enough of each rank.
    private func sample(_ query: IndexQuery) throws -> SearchSample? {
        guard case .fts5 = rows.connection.dialect.textSearch, query.conditions.count > 1,
            let loosest = query.conditions.last
        else { return nil }
        let any = TextCondition(loosest.rank, groups: loosest.groups)
        let range = SearchNumber.range(query.filter, before: nil)
        let limit = query.limit * 3
        let condition = matching(any, query.filter, range, limit)
        let tail: SQLText = "ORDER BY number DESC LIMIT \(limit)"
        let found = try rows.select(
            Self.columns + ", folded", from: .searchDocuments, where: condition, then: tail
        ) { (hit: try Self.hit(&$0, loosest.rank), folded: try $0.next(String.self)) }
        return SearchSample(found, isAll: found.count < limit, of: query.conditions)
    }

    private func find(_ condition: SQLText, _ limit: Int, _ rank: MatchRank) throws -> [IndexHit] {
        let tail: SQLText = "ORDER BY number DESC LIMIT \(limit)"
        return try rows.select(Self.columns, from: .searchDocuments, where: condition, then: tail) {
            try Self.hit(&$0, rank)
        }
    }

    private static func hit(_ row: inout SQLRowReader, _ rank: MatchRank) throws -> IndexHit {
        let place = SearchPlace(rank: rank, number: try row.next())
        let key = DocumentKey(try row.nextCase(), try row.next())
        return IndexHit(
            document: SearchDocument(
                key, title: try row.next(), text: try row.next(), author: try row.nextIfPresent(),
                room: try row.nextIfPresent(), audience: try row.nextIfPresent()), place: place)
    }

    /// The newest `limit` documents that are as `condition` says. Tenant and filter are tested where the engine looks
    /// for text, so that what others have does not use up the limit.
    private func matching(
        _ condition: TextCondition, _ filter: SearchFilter, _ range: Range<Int64>, _ limit: Int
    ) -> SQLText {
        guard !condition.groups.isEmpty else { return filtered(filter, range) }
        switch rows.connection.dialect.textSearch {
        case .fts5:
            let match = FTS5Match(condition, scope: SearchNumber.scope(of: tenant)).text
            return """
                number IN (SELECT number FROM search_text CROSS JOIN search_documents \
                ON number = search_text.rowid WHERE search_text MATCH \(match) \
                AND search_text.rowid >= \(range.lowerBound) AND search_text.rowid < \(range.upperBound) \
                \(probed(filter)) AND tenant_id = \(tenant) \
                AND \(filtered(filter, range)) ORDER BY search_text.rowid DESC LIMIT \(limit))
                """
        case .trigrams:
            return """
                number IN (SELECT n FROM cloudstream_search(\(tenant), \(Self.text(condition.groups)), \
                \(Self.text(condition.except)), \(filter.kinds.map(\.rawValue).sorted().joined(separator: ",")), \
                \(filter.audiences.map(\.description).joined(separator: ",")), \(filter.author), \(filter.room), \
                \(range.lowerBound), \(range.upperBound), \(limit)) AS n)
                """
        }
    }

    /// Tests what an index alone can tell before rows are read. The planner would read the rows.
    private func probed(_ filter: SearchFilter) -> SQLText {
        var sql: SQLText = ""
        if let author = filter.author {
            sql = """
                \(sql) AND EXISTS (SELECT 1 FROM search_documents AS own INDEXED BY search_documents_by_author \
                WHERE own.tenant_id = \(tenant) AND own.author = \(author) AND own.number = search_text.rowid)
                """
        }
        if let room = filter.room {
            sql = """
                \(sql) AND EXISTS (SELECT 1 FROM search_documents AS inside INDEXED BY search_documents_by_room \
                WHERE inside.tenant_id = \(tenant) AND inside.room = \(room) AND inside.number = search_text.rowid)
                """
        }
        return sql
    }

    private func filtered(_ filter: SearchFilter, _ range: Range<Int64>) -> SQLText {
        var sql: SQLText = """
            removed_at IS NULL AND number >= \(range.lowerBound) AND number < \(range.upperBound) \
            AND kind IN \(list: filter.kinds.map(\.rawValue).sorted())
            """
        if filter.audiences.isEmpty {
            sql.append(" AND audience IS NULL")
        } else {
            sql = "\(sql) AND (audience IS NULL OR audience IN \(list: filter.audiences))"
        }
        if let author = filter.author { sql = "\(sql) AND author = \(author)" }
        if let room = filter.room { sql = "\(sql) AND room = \(room)" }
        return sql
    }

    /// Pieces hold neither sign.
    private static func text(_ groups: [[String]]) -> String {
        groups.map { $0.joined(separator: "|") }.joined(separator: ";")
    }
}

/// A condition in the language of FTS5.
struct FTS5Match {
    let text: String

    init(_ condition: TextCondition, scope: String) {
        // No column is named, which would cost FTS5 a test of each place: no text holds a scope, no scope a piece.
        let wanted = Self.all(condition.groups) + " AND " + Self.quoted(scope)
        text =
            condition.except.isEmpty ? wanted : "(\(wanted)) NOT (\(Self.all(condition.except)))"
    }

    private static func all(_ groups: [[String]]) -> String {
        groups.map { group in
            "(" + group.map(quoted).joined(separator: " OR ") + ")"
        }.joined(separator: " AND ")
    }

    private static func quoted(_ piece: String) -> String {
        "\"" + piece.replacing("\"", with: "\"\"") + "\""
    }
}
