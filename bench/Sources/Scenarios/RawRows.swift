import CSQLite

/// The ceiling: the C library by itself, one thread, a prepared statement, and as durable as the product.
final class RawRows {
    static let schema = "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"
    static var libraryVersion: String { String(cString: sqlite3_libversion()) }

    private var handle: OpaquePointer?
    private var insertion: OpaquePointer?

    init(path: String) throws {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        try check(sqlite3_open_v2(path, &handle, flags, nil))
        // As the product's own connections are.
        try script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        try script("PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000")
        try script(Self.schema)
        let text = "INSERT INTO rows (id, body) VALUES (?1, ?2)"
        try check(sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &insertion, nil))
    }

    deinit {
        sqlite3_finalize(insertion)
        sqlite3_close_v2(handle)
    }

    /// Rows a second.
    func fill(for duration: Duration, rowsPerCommit: Int) throws -> Double {
        let (watch, end) = (Stopwatch(), ContinuousClock.now + duration)
        var written = 0
        try DurableWrites.row.withUnsafeBytes { row in
            while ContinuousClock.now < end {
                try script("BEGIN IMMEDIATE")
                for id in written..<written + rowsPerCommit { try insert(id, row) }
                try script("COMMIT")
                written += rowsPerCommit
            }
        }
        return Double(written) / watch.wall
    }

    /// Not copied, for `row` outlives the step: the least that the library can be made to do.
    private func insert(_ id: Int, _ row: UnsafeRawBufferPointer) throws {
        try check(sqlite3_bind_int64(insertion, 1, Int64(id)))
        try check(sqlite3_bind_blob(insertion, 2, row.baseAddress, Int32(row.count), nil))
        guard sqlite3_step(insertion) == SQLITE_DONE else { throw failure }
        try check(sqlite3_reset(insertion))
    }

    private func script(_ sql: String) throws { try check(sqlite3_exec(handle, sql, nil, nil, nil)) }

    private func check(_ code: Int32) throws { if code != SQLITE_OK { throw failure } }

    private var failure: RunFailure { RunFailure("SQLite: \(String(cString: sqlite3_errmsg(handle)))") }
}
