import CSQLite
import Foundation
import Kernel
import Search

/// A question to a plain table of FTS5: one of the pieces must stand there.
struct PlainQuestion: Sendable, Equatable {
    var pieces: [String]
    var room: UUIDv7?
    var author: UserID?
    var sent: Range<Timestamp>?

    var match: String {
        pieces.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: " OR ")
    }
}

/// The reference: the same texts in one table of FTS5 with the same tokenizer, asked by the C library alone, one prepared
/// statement a question. Its rows have the times of their messages for numbers, and what is filtered by beside the text.
final class PlainSearch {
    private static let schema = """
        CREATE VIRTUAL TABLE plain USING fts5 (
            folded, body UNINDEXED, room UNINDEXED, author UNINDEXED, tokenize = 'trigram case_sensitive 1')
        """

    private var handle: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]

    /// As the product's own connections are.
    init(path: String) throws {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        try check(sqlite3_open_v2(path, &handle, flags, nil))
        try script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        try script("PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000")
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// All of it, with as many rows in a commit as the product puts there.
    func fill(_ corpus: MessageCorpus, rowsPerCommit: Int) throws {
        try script(Self.schema)
        let insertion = try statement(
            "INSERT INTO plain (rowid, folded, body, room, author) VALUES (?1, ?2, ?3, ?4, ?5)")
        for start in stride(from: 0, to: corpus.count, by: rowsPerCommit) {
            try script("BEGIN IMMEDIATE")
            for place in start..<min(start + rowsPerCommit, corpus.count) {
                let message = corpus.message(place)
                try bind(
                    insertion,
                    [
                        .number(message.id.timestamp.milliseconds), .text(message.document.searched),
                        .text(message.text), .text("\(message.room)"), .text("\(message.author)"),
                    ])
                guard sqlite3_step(insertion) == SQLITE_DONE else { throw failure }
                sqlite3_reset(insertion)
            }
            try script("COMMIT")
        }
    }

    /// The newest; how many bytes their texts have.
    func find(_ question: PlainQuestion, limit: Int) throws -> (rows: Int, bytes: Int) {
        var sql = "SELECT rowid, body, room, author FROM plain WHERE plain MATCH ?1"
        var values: [Value] = [.text(question.match)]
        func ask(_ condition: String, _ value: Value) {
            values.append(value)
            sql += " AND \(condition) ?\(values.count)"
        }
        if let sent = question.sent {
            ask("rowid >=", .number(sent.lowerBound.milliseconds))
            ask("rowid <", .number(sent.upperBound.milliseconds))
        }
        if let room = question.room { ask("room =", .text("\(room)")) }
        if let author = question.author { ask("author =", .text("\(author)")) }
        let prepared = try statement(sql + " ORDER BY rowid DESC LIMIT \(limit)")
        try bind(prepared, values)
        defer { sqlite3_reset(prepared) }
        var (rows, bytes) = (0, 0)
        while true {
            switch sqlite3_step(prepared) {
            case SQLITE_ROW:
                rows += 1
                for column: Int32 in 0..<4 {
                    guard sqlite3_column_text(prepared, column) != nil else { continue }
                    bytes += Int(sqlite3_column_bytes(prepared, column))
                }
            case SQLITE_DONE: return (rows, bytes)
            default: throw failure
            }
        }
    }

    // MARK: The library

    private enum Value { case number(Int64), text(String) }

    private func bind(_ statement: OpaquePointer, _ values: [Value]) throws {
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            switch value {
            case .number(let number): try check(sqlite3_bind_int64(statement, place, number))
            case .text(let text):
                // SQLITE_TRANSIENT, a macro that Swift cannot see: SQLite copies what is bound.
                let copies = unsafeBitCast(-1, to: sqlite3_destructor_type?.self)
                try check(sqlite3_bind_text(statement, place, text, -1, copies))
            }
        }
    }

    private func statement(_ sql: String) throws -> OpaquePointer {
        if let known = statements[sql] { return known }
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
        guard let prepared else { throw failure }
        statements[sql] = prepared
        return prepared
    }

    private func script(_ sql: String) throws { try check(sqlite3_exec(handle, sql, nil, nil, nil)) }

    private func check(_ code: Int32) throws { if code != SQLITE_OK { throw failure } }

    private var failure: RunFailure { RunFailure("SQLite: \(String(cString: sqlite3_errmsg(handle)))") }
}
