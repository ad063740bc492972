import CSQLite
import Kernel
package import Relational

/// Owns one handle of the C library with its prepared statements; used by one thread at a time.
final class SQLiteConnection: SQLConnection {
    enum Access { case readOnly, readWrite }

    /// SQLite's own limit is far higher; past this many texts, statements are built too freely.
    private static let maximumStatements = 256
    /// The first in which FTS5 has trigrams.
    private static let oldestVersion: Int32 = 3_034_000

    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    private let deadline = DeadlineBox()
    private var isClosed = false

    var dialect: SQLDialect { .sqlite }

    init(path: String, access: Access, busyTimeout: Duration) throws {
        guard sqlite3_libversion_number() >= Self.oldestVersion else {
            throw Failure(
                .unavailable, "sqlite_too_old",
                "SQLite is \(String(cString: sqlite3_libversion())), but 3.34 is needed.")
        }
        var opened: OpaquePointer?
        let flags =
            access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "cannot open \(path)").failure
        }
        handle = opened
        sqlite3_busy_timeout(handle, Int32(clamping: busyTimeout.inMilliseconds))
        installDeadline()
        try configure(access)
    }

    deinit { close() }

    /// Frees the handle; nothing may be called afterwards. The last one to close moves the WAL into the file.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    private func configure(_ access: Access) throws {
        if access == .readWrite { try script("PRAGMA journal_mode = WAL") }
        // FULL: a commit is on the disk when it returns. Without it WAL may lose the last commits with the machine.
        try script("PRAGMA synchronous = FULL")
        try script("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")
        try script("PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000")
    }

    /// Statements that run past this moment are interrupted; nil lifts it.
    func setDeadline(_ moment: ContinuousClock.Instant?) { deadline.moment = moment }

    private func installDeadline() {
        let context = Unmanaged.passUnretained(deadline).toOpaque()
        sqlite3_progress_handler(
            handle, 10_000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<DeadlineBox>.fromOpaque(context).takeUnretainedValue().hasPassed ? 1 : 0
            }, context)
    }

    /// False after an error that made SQLite roll the whole transaction back by itself.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func script(_ sql: String) throws {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// As `script`, for one statement that comes so often that it stays prepared.
    func step(_ sql: String) throws {
        let prepared = try prepare(sql)
        defer { sqlite3_reset(prepared) }
        let code = sqlite3_step(prepared)
        guard code == SQLITE_DONE else { throw error(code).failure }
    }

    func run(_ statement: SQLStatement) throws -> Int {
        try withPrepared(statement) { prepared in
            var code = sqlite3_step(prepared)
            while code == SQLITE_ROW { code = sqlite3_step(prepared) }
            guard code == SQLITE_DONE else { throw error(code).failure }
            return Int(sqlite3_changes(handle))
        }
    }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        try withPrepared(statement) { prepared in
            let current = SQLiteRow(statement: prepared)
            while true {
                switch sqlite3_step(prepared) {
                case SQLITE_ROW: try row(current)
                case SQLITE_DONE: return
                case let code: throw error(code).failure
                }
            }
        }
    }

    private func withPrepared<Value>(
        _ statement: SQLStatement, _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        let (text, values) = statement.rendered()
        let prepared = try prepare(text)
        defer {
            sqlite3_reset(prepared)
            sqlite3_clear_bindings(prepared)
        }
        for (index, value) in values.enumerated() {
            try check(bind(value, to: prepared, at: Int32(index + 1)))
        }
        return try body(prepared)
    }

    private func prepare(_ text: String) throws -> OpaquePointer {
        if let known = statements[text] { return known }
        if statements.count >= Self.maximumStatements {
            for statement in statements.values { sqlite3_finalize(statement) }
            statements.removeAll()
        }
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
        guard let prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "empty statement").failure }
        statements[text] = prepared
        return prepared
    }

    private func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .real(let number): sqlite3_bind_double(statement, index, number)
        case .text(let text):
            text.utf8.withContiguousStorageIfAvailable { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(
                        statement, index, $0.baseAddress, Int32(clamping: $0.count), Self.transient)
                }
            } ?? sqlite3_bind_text(statement, index, text, -1, Self.transient)
        case .blob(let bytes): bindBlob(bytes, to: statement, at: index)
        case .uuid(let uuid): bindBlob(uuid.bytes, to: statement, at: index)
        }
    }

    private func bindBlob(_ bytes: [UInt8], to statement: OpaquePointer, at index: Int32) -> Int32 {
        if bytes.isEmpty { return sqlite3_bind_zeroblob(statement, index, 0) }
        return sqlite3_bind_blob(statement, index, bytes, Int32(clamping: bytes.count), Self.transient)
    }

    /// SQLITE_TRANSIENT, a macro that Swift cannot see: SQLite copies what is bound.
    private static var transient: sqlite3_destructor_type? {
        unsafeBitCast(-1, to: sqlite3_destructor_type?.self)
    }

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw error(code).failure }
    }

    private func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// What the progress handler reads; a class, so that C can point at it.
private final class DeadlineBox {
    var moment: ContinuousClock.Instant?
    var hasPassed: Bool { moment.map { ContinuousClock.now > $0 } ?? false }
}

extension SQLDialect {
    package static let sqlite = SQLDialect(
        name: "sqlite", placeholder: { "?\($0)" }, uuidType: "BLOB", bytesType: "BLOB",
        integerType: "INTEGER",
        realType: "REAL", identityColumn: "INTEGER PRIMARY KEY AUTOINCREMENT",
        clusteredSuffix: "WITHOUT ROWID",
        claimSuffix: "", textSearch: .fts5)
}
