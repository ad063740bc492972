import CSQLite
import Kernel

/// An error of the C library, in the words of the domain.
struct SQLiteError: Error, CustomStringConvertible {
    let code: Int32
    let message: String

    var description: String { "SQLite \(code): \(message)" }

    // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY and _ROWID: macros that Swift cannot see.
    private static let unique = SQLITE_CONSTRAINT | 8 << 8
    private static let primaryKey = SQLITE_CONSTRAINT | 6 << 8
    private static let rowID = SQLITE_CONSTRAINT | 10 << 8

    var failure: Failure {
        switch code {
        case Self.unique, Self.primaryKey, Self.rowID:
            return Failure(.conflict, "unique_violation", "This exists already.", cause: self)
        default: break
        }
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return Failure(.overloaded, "overloaded", "The database is busy.", cause: self)
        case SQLITE_INTERRUPT:
            return Failure(.timeout, "timeout", "The database took too long.", cause: self)
        case SQLITE_FULL:
            return Failure(.unavailable, "disk_full", "There is no space left to store this.", cause: self)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return Failure(
                .internal, "database_corrupt", "The database file is damaged or is no database.", cause: self)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY:
            return .unavailable("The database", cause: self)
        default:
            return Failure(.internal, "internal", "Something went wrong on our side.", cause: self)
        }
    }
}
