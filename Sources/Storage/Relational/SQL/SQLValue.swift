package import Kernel

/// A value on its way into a statement.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
    case uuid(UUIDv7)
}

/// What can be bound to a statement and read from a column.
package protocol SQLColumn: Sendable {
    var sqlValue: SQLValue { get }
    /// The value at `index`, which is not null; nil if the column holds something else.
    init?(row: any SQLRow, index: Int)
}

/// The row that a result stands at; valid until the call that gave it returns.
package protocol SQLRow {
    func isNull(_ index: Int) -> Bool
    func integer(_ index: Int) -> Int64
    func real(_ index: Int) -> Double
    func text(_ index: Int) -> String
    func blob(_ index: Int) -> [UInt8]
    func uuid(_ index: Int) -> UUIDv7?
}

extension Int64: SQLColumn {
    package var sqlValue: SQLValue { .integer(self) }
    package init?(row: any SQLRow, index: Int) { self = row.integer(index) }
}

extension Int: SQLColumn {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
    package init?(row: any SQLRow, index: Int) { self = Int(row.integer(index)) }
}

extension Bool: SQLColumn {
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
    package init?(row: any SQLRow, index: Int) { self = row.integer(index) != 0 }
}

extension Double: SQLColumn {
    package var sqlValue: SQLValue { .real(self) }
    package init?(row: any SQLRow, index: Int) { self = row.real(index) }
}

extension String: SQLColumn {
    package var sqlValue: SQLValue { .text(self) }
    package init?(row: any SQLRow, index: Int) { self = row.text(index) }
}

extension [UInt8]: SQLColumn {
    package var sqlValue: SQLValue { .blob(self) }
    package init?(row: any SQLRow, index: Int) { self = row.blob(index) }
}

extension UUIDv7: SQLColumn {
    package var sqlValue: SQLValue { .uuid(self) }
    package init?(row: any SQLRow, index: Int) {
        guard let uuid = row.uuid(index) else { return nil }
        self = uuid
    }
}

extension Identifier: SQLColumn {
    package var sqlValue: SQLValue { .uuid(uuid) }
    package init?(row: any SQLRow, index: Int) {
        guard let uuid = row.uuid(index) else { return nil }
        self.init(uuid)
    }
}

extension Timestamp: SQLColumn {
    package var sqlValue: SQLValue { .integer(milliseconds) }
    package init?(row: any SQLRow, index: Int) { self.init(milliseconds: row.integer(index)) }
}
