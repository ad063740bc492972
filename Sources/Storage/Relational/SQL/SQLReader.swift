import Kernel

/// Reads rows of one kind of table, within its scope: the tenant's predicate is added here and nowhere else.
package struct SQLReader<Table: SQLTable> {
    let connection: any SQLConnection
    let scope: Table.Scope

    /// The rows in order, decoded by `decode`.
    package func select<Value>(
        _ columns: String, from table: Table, where condition: SQLText? = nil, then tail: SQLText = "",
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        var sql = SQLText()
        if !connection.isReplaying {
            sql = SQLText(capacity: 8 + (condition?.pieces.count ?? 0) + tail.pieces.count)
            sql.append("SELECT ")
            sql.append(columns)
            sql.append(" FROM ")
            sql.append(table.piece(isTarget: false))
            sql.append(scoped(condition))
            sql.append(" ")
            sql.append(tail)
        }
        var values: [Value] = []
        try connection.query(SQLStatement(sql, dialect: connection.dialect)) { row in
            var reader = SQLRowReader(row)
            values.append(try decode(&reader))
        }
        return values
    }

    /// The only row, nil if there is none.
    package func first<Value>(
        _ columns: String, from table: Table, where condition: SQLText? = nil, then tail: SQLText = "",
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> Value? {
        try select(columns, from: table, where: condition, then: tail + " LIMIT 1", decode: decode).first
    }

    /// ` WHERE` the scope and the condition.
    func scoped(_ condition: SQLText?) -> SQLText {
        var sql = SQLText()
        if let (column, value) = Table.predicate(scope) {
            sql.append(" WHERE ")
            sql.append(.scope(column: column, value: value))
            if let condition {
                sql.append(" AND (")
                sql.append(condition)
                sql.append(")")
            }
        } else if let condition {
            sql.append(" WHERE ")
            sql.append(condition)
        }
        return sql
    }
}

extension SQLText {
    static func + (left: SQLText, right: SQLText) -> SQLText { SQLText(pieces: left.pieces + right.pieces) }
}
