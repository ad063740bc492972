import Kernel
import Search

/// Finds a tenant's documents, in one snapshot.
struct SearchRows {
    let rows: TenantReader
    let tenant: TenantID

    static let columns = "number, kind, id, title, body, author, room, audience"

    func find(_ query: IndexQuery) throws -> [IndexHit] {
        if case .fts5 = rows.connection.dialect.textSearch,
            query.conditions.allSatisfy({ !$0.groups.isEmpty })
        {
            return try FTS5Rows(rows, tenant, query).find()
        }
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
        return try rows.select(Self.columns, from: .searchDocuments, where: condition, then: tail) { row in
            let place = SearchPlace(rank: rank, number: try row.next())
            return IndexHit(document: try Self.document(&row), place: place)
        }
    }

    /// Reads `columns` but for the first.
    static func document(_ row: inout SQLRowReader) throws -> SearchDocument {
        let key = DocumentKey(try row.nextCase(), try row.next())
        return SearchDocument(
            key, title: try row.next(), text: try row.next(), author: try row.nextIfPresent(),
            room: try row.nextIfPresent(), audience: try row.nextIfPresent())
    }

    /// The newest `limit` documents that are as `condition` says. Tenant and filter are tested where Postgres looks for
    /// text, so that what others have does not use up the limit.
    private func matching(
        _ condition: TextCondition, _ filter: SearchFilter, _ range: Range<Int64>, _ limit: Int
    ) -> SQLText {
        guard !condition.groups.isEmpty else {
            return """
                number >= \(range.lowerBound) AND number < \(range.upperBound) AND \(Self.filtered(filter))
                """
        }
        return """
            number IN (SELECT n FROM cloudstream_search(\(tenant), \(Self.text(condition.groups)), \
            \(Self.text(condition.except)), \(filter.kinds.map(\.rawValue).sorted().joined(separator: ",")), \
            \(filter.audiences.map(\.description).joined(separator: ",")), \(filter.author), \(filter.room), \
            \(range.lowerBound), \(range.upperBound), \(limit)) AS n)
            """
    }

    /// All that a hit must be but for its text and its time.
    static func filtered(_ filter: SearchFilter) -> SQLText {
        var sql: SQLText = "removed_at IS NULL AND kind IN \(list: filter.kinds.map(\.rawValue).sorted())"
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
