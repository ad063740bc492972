import Kernel
import Search

/// Finds a tenant's documents, in one snapshot.
struct SearchRows {
    let rows: TenantReader
    let tenant: TenantID

    private static let columns = "number, kind, id, title, body, author, room, audience"

    func find(_ query: IndexQuery) throws -> [IndexHit] {
        var hits: [IndexHit] = []
        for condition in query.conditions where query.after.map({ condition.rank >= $0.rank }) ?? true {
            let after = query.after.flatMap { $0.rank == condition.rank ? $0.number : nil }
            let range = SearchNumber.range(query.filter, before: after)
            let limit = query.limit - hits.count
            hits += try find(matching(condition, query.filter, range, limit), limit, condition.rank)
            if hits.count >= query.limit { break }
        }
        return hits
    }

    private func find(_ condition: SQLText, _ limit: Int, _ rank: MatchRank) throws -> [IndexHit] {
        let tail: SQLText = "ORDER BY number DESC LIMIT \(limit)"
        return try rows.select(Self.columns, from: .searchDocuments, where: condition, then: tail) {
            let place = SearchPlace(rank: rank, number: try $0.next())
            let key = DocumentKey(try $0.nextCase(), try $0.next())
            return IndexHit(
                document: SearchDocument(
                    key, title: try $0.next(), text: try $0.next(), author: try $0.nextIfPresent(),
                    room: try $0.nextIfPresent(), audience: try $0.nextIfPresent()), place: place)
        }
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
                AND search_text.rowid < \(range.upperBound) AND tenant_id = \(tenant) \
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
        let wanted = Self.all(condition.groups) + " AND scope : " + Self.quoted(scope)
        text =
            condition.except.isEmpty ? wanted : "(\(wanted)) NOT (\(Self.all(condition.except)))"
    }

    private static func all(_ groups: [[String]]) -> String {
        groups.map { group in
            "(" + group.map { "folded : " + quoted($0) }.joined(separator: " OR ") + ")"
        }.joined(separator: " AND ")
    }

    private static func quoted(_ piece: String) -> String {
        "\"" + piece.replacing("\"", with: "\"\"") + "\""
    }
}
