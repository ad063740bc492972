import Kernel

/// Reads a row's columns from left to right, as the statement names them.
package struct SQLRowReader {
    private let row: any SQLRow
    private var index = 0

    package init(_ row: any SQLRow) { self.row = row }

    /// The next column; `internal` failure if it is null or of another type.
    package mutating func next<Value: SQLColumn>(_ type: Value.Type = Value.self) throws -> Value {
        guard let value: Value = try nextIfPresent() else {
            throw Failure(.internal, "null_column", "column \(index - 1) is null")
        }
        return value
    }

    /// The next column, nil where it is null.
    package mutating func nextIfPresent<Value: SQLColumn>(_ type: Value.Type = Value.self) throws -> Value? {
        defer { index += 1 }
        if row.isNull(index) { return nil }
        guard let value = Value(row: row, index: index) else {
            throw Failure(.internal, "column_type", "column \(index) is not a \(Value.self)")
        }
        return value
    }

    /// The next column as a case of an enumeration that is stored by its raw value.
    package mutating func nextCase<Case: RawRepresentable>(_ type: Case.Type = Case.self) throws -> Case
    where Case.RawValue: SQLColumn {
        let raw = try next(Case.RawValue.self)
        guard let value = Case(rawValue: raw) else {
            throw Failure(.internal, "column_case", "\(raw) is not a \(Case.self)")
        }
        return value
    }
}
