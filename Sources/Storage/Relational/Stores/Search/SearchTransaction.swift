import Kernel
import Search

/// One change of a tenant's documents, with what the engine's text index has to be told of it.
struct SearchTransaction {
    private let transaction: TenantTransaction
    private var rows: TenantWriter { transaction.rows }
    private let scope: String

    init(_ transaction: TenantTransaction) {
        self.transaction = transaction
        scope = SearchNumber.scope(of: transaction.context.tenant)
    }

    private struct Entry {
        let number: Int64
        let version: Int64
        let folded: String
        let isRemoved: Bool
    }

    func put(_ document: SearchDocument, over version: Int64) throws -> Bool {
        guard try write(document, over: version) else { return false }
        try learn(document.vocabulary)
        return true
    }

    /// Many that were never seen, with one look at the words that are known.
    func add(_ documents: [SearchDocument]) throws {
        for document in documents where try !write(document, over: 0) {
            throw Failure(.conflict, "unique_violation", "A document to add is known already.")
        }
        try learn(documents.reduce(into: []) { $0.formUnion($1.vocabulary) })
    }

    private func write(_ document: SearchDocument, over version: Int64) throws -> Bool {
        let entry = try entry(document.key)
        guard entry?.version ?? 0 == version else { return false }
        let folded = document.searched
        let number = try entry?.number ?? insert(document.key)
        if let entry, !entry.isRemoved { try forget(entry) }
        try rows.update(
            .searchDocuments,
            set: """
                version = version + 1, title = \(document.title), body = \(document.text), folded = \(folded), \
                author = \(document.author), room = \(document.room), audience = \(document.audience), \
                removed_at = NULL
                """, where: "number = \(number)")
        try index(number, folded)
        return true
    }

    func remove(_ key: DocumentKey, over version: Int64) throws -> Bool {
        let entry = try entry(key)
        guard entry?.version ?? 0 == version else { return false }
        if let entry {
            try blank(entry)
        } else {
            // Whoever read it before it went finds this version in the way.
            let number = try insert(key)
            try rows.update(.searchDocuments, set: "version = version + 1", where: "number = \(number)")
        }
        return true
    }

    /// Number of documents wiped, at most `limit`.
    func wipe(_ part: DocumentPart, _ limit: Int) throws -> Int {
        var condition: SQLText = "removed_at IS NULL"
        switch part {
        case .all: break
        case .kind(let kind): condition = "\(condition) AND kind = \(kind.rawValue)"
        case .room(let room): condition = "\(condition) AND room = \(room)"
        }
        let entries = try rows.reader.select(
            Self.columns, from: .searchDocuments, where: condition, then: "LIMIT \(limit)",
            decode: Self.entry)
        for entry in entries { try blank(entry) }
        return entries.count
    }

    private static let columns = "number, version, folded, removed_at"

    private static func entry(_ row: inout SQLRowReader) throws -> Entry {
        Entry(
            number: try row.next(), version: try row.next(), folded: try row.next(),
            isRemoved: try row.nextIfPresent(Timestamp.self) != nil)
    }

    private func entry(_ key: DocumentKey) throws -> Entry? {
        try rows.reader.first(
            Self.columns, from: .searchDocuments, where: "kind = \(key.kind.rawValue) AND id = \(key.id)",
            decode: Self.entry)
    }

    /// A new row that nobody finds, with version 0; its number.
    private func insert(_ key: DocumentKey) throws -> Int64 {
        let first = SearchNumber.first(for: key.id)
        for number in first..<first + SearchNumber.attempts {
            let isFree = try rows.insertIfAbsent(
                into: .searchDocuments,
                [
                    "kind": key.kind.rawValue, "id": key.id, "number": number, "version": 0, "title": "",
                    "body": "", "folded": "", "scope": scope, "removed_at": transaction.time,
                ])
            if isFree { return number }
        }
        throw Failure(.overloaded, "overloaded", "Too many documents were made in one millisecond.")
    }

    private func blank(_ entry: Entry) throws {
        if !entry.isRemoved { try forget(entry) }
        try rows.update(
            .searchDocuments,
            set: """
                version = version + 1, title = '', body = '', folded = '', author = NULL, room = NULL, \
                audience = NULL, removed_at = \(transaction.time)
                """, where: "number = \(entry.number)")
    }

    private func index(_ number: Int64, _ folded: String) throws {
        guard case .fts5 = transaction.system.connection.dialect.textSearch else { return }
        try transaction.system.insert(
            into: .searchText, ["rowid": number, "folded": folded, "scope": scope])
    }

    /// FTS5 keeps no text and is told what to forget.
    private func forget(_ entry: Entry) throws {
        guard case .fts5 = transaction.system.connection.dialect.textSearch else { return }
        try transaction.system.insert(
            into: .searchText,
            ["search_text": "delete", "rowid": entry.number, "folded": entry.folded, "scope": scope])
    }

    /// Words stay known when the last document with them goes: they lead to nothing then.
    private func learn(_ words: Set<String>) throws {
        guard !words.isEmpty else { return }
        // A word that is known has all its clues, the first among them.
        let clues = words.map { ($0, Typo.clues(of: $0)) }.sorted { $0.0 < $1.0 }
        let firsts = clues.compactMap(\.1.first)
        let known = Set(
            try rows.reader.select("word", from: .searchWords, where: "clue IN \(list: firsts)") {
                try $0.next(String.self)
            })
        let new = clues.filter { !known.contains($0.0) }
        try rows.insertIfAbsent(
            into: .searchWords, ["clue", "word"],
            rows: new.flatMap { word, clues in clues.map { [$0, word] as [any SQLColumn] } })
    }
}
