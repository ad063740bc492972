import Kernel

@testable import Relational

/// Keeps the statements it is given, in a dialect with numbered parameters, and has no rows.
final class RecordingConnection: SQLConnection {
    private(set) var statements: [SQLStatement] = []
    var isReplaying = false

    var texts: [String] { statements.map(\.text) }

    let dialect = SQLDialect(
        name: "recording", placeholder: { "$\($0)" }, uuidType: "UUID", bytesType: "BYTES",
        integerType: "INT8",
        realType: "FLOAT8", identityColumn: "IDENTITY", clusteredSuffix: "",
        claimSuffix: "FOR UPDATE SKIP LOCKED")

    func run(_ statement: SQLStatement) throws -> Int {
        statements.append(statement)
        return 1
    }

    func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {
        statements.append(statement)
    }

    func script(_ sql: String) throws {}
}
