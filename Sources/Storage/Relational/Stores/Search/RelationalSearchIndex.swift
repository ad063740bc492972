package import Kernel
package import Search

/// The search index in the relational store: FTS5 on SQLite, `pg_trgm` on Postgres.
package struct RelationalSearchIndex: SearchIndex {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func version(of key: DocumentKey, in tenant: TenantID) async throws -> Int64 {
        try await database.read(tenant) { reader in
            try reader.first(
                "version", from: .searchDocuments,
                where: "kind = \(key.kind.rawValue) AND id = \(key.id)"
            ) { try $0.next() } ?? 0
        }
    }

    package func put(
        _ document: SearchDocument, over version: Int64, in tenant: TenantID
    ) async throws -> Bool {
        try await database.write(WriteContext(tenant: tenant)) { transaction in
            try SearchTransaction(transaction).put(document, over: version)
        }
    }

    /// Documents that were never seen, in one commit. For filling an empty index.
    package func add(_ documents: [SearchDocument], in tenant: TenantID) async throws {
        _ = try await database.write(WriteContext(tenant: tenant)) { transaction in
            try SearchTransaction(transaction).add(documents)
            return true
        }
    }

    package func remove(
        _ key: DocumentKey, over version: Int64, in tenant: TenantID
    ) async throws -> Bool {
        try await database.write(WriteContext(tenant: tenant)) { transaction in
            try SearchTransaction(transaction).remove(key, over: version)
        }
    }

    package func find(_ query: IndexQuery, in tenant: TenantID) async throws -> [IndexHit] {
        try await database.read(tenant) { try SearchRows(rows: $0, tenant: tenant).find(query) }
    }

    package func words(
        withClues clues: [Int64], limit: Int, in tenant: TenantID
    ) async throws -> [String] {
        try await database.read(tenant) { reader in
            try reader.select(
                "DISTINCT word", from: .searchWords, where: "clue IN \(list: clues)",
                then: "ORDER BY word LIMIT \(limit)"
            ) { try $0.next() }
        }
    }

    package func keys(
        after key: DocumentKey?, limit: Int, in tenant: TenantID
    ) async throws -> [DocumentKey] {
        var condition: SQLText = "removed_at IS NULL"
        if let key {
            let kind = key.kind.rawValue
            condition = "\(condition) AND (kind > \(kind) OR (kind = \(kind) AND id > \(key.id)))"
        }
        return try await database.read(tenant) { [condition] reader in
            try reader.select(
                "kind, id", from: .searchDocuments, where: condition,
                then: "ORDER BY kind, id LIMIT \(limit)"
            ) { DocumentKey(try $0.nextCase(), try $0.next()) }
        }
    }

    package func wipe(_ part: DocumentPart, in tenant: TenantID) async throws {
        // In parts, so that no other write waits long.
        while true {
            let count = try await database.write(WriteContext(tenant: tenant)) { transaction in
                try SearchTransaction(transaction).wipe(part, Self.wipedAtOnce)
            }
            if count < Self.wipedAtOnce { break }
        }
        guard part == .all else { return }
        _ = try await database.write(WriteContext(tenant: tenant)) { transaction in
            try transaction.rows.delete(from: .searchWords, where: "clue IS NOT NULL")
        }
    }

    private static let wipedAtOnce = 500

    package func forgetRemoved(before time: Timestamp) async throws -> Int {
        try await database.removeInParts { writer, limit in
            try writer.delete(
                from: .allSearchDocuments,
                where: """
                    (tenant_id, kind, id) IN (SELECT tenant_id, kind, id FROM search_documents \
                    WHERE removed_at < \(time) LIMIT \(limit))
                    """)
        }
    }
}

extension TenantTable {
    static let searchDocuments = TenantTable("search_documents")
    static let searchWords = TenantTable("search_words")
}

extension SystemTable {
    /// For the clean-up alone, which works through all tenants.
    static let allSearchDocuments = SystemTable("search_documents")
    /// FTS5's, whose rows have the numbers of documents.
    static let searchText = SystemTable("search_text")
}
