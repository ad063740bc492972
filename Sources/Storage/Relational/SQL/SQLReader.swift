import Kernel

/// Reads rows of one kind of table, within its scope: the tenant's predicate is added here and nowhere else.
package struct SQLReader<Table: SQLTable> {
    let connection: any SQLConnection
    let scope: Table.Scope

    /// The rows in order, decoded by `decode`; `computed` is a column more.
    package func select<Value>(
        _ columns: String, and computed: SQLText? = nil, from table: Table, where condition: SQLText? = nil,
        then tail: SQLText = "",
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try connection.query(
            statement(columns, and: computed, from: table, where: condition, then: tail)
        ) { row in
            var reader = SQLRowReader(row)
            values.append(try decode(&reader))
        }
        return values
    }

    /// As `select`, one row after the other until `body` returns false. What comes behind is not worked out where the
    /// engine finds rows one by one, as SQLite does.
    func each(
        _ columns: String, from table: Table, where condition: SQLText, then tail: SQLText,
        body: (inout SQLRowReader) throws -> Bool
    ) throws {
        do {
            try connection.query(statement(columns, from: table, where: condition, then: tail)) { row in
                var reader = SQLRowReader(row)
                guard try body(&reader) else { throw Enough() }
            }
        } catch is Enough {}
    }

    private func statement(
        _ columns: String, and computed: SQLText? = nil, from table: Table, where condition: SQLText?,
        then tail: SQLText
    ) -> SQLStatement {
        var sql = SQLText()
        if !connection.isReplaying {
            sql = SQLText(capacity: 8 + (condition?.pieces.count ?? 0) + tail.pieces.count)
            sql.append(text: "SELECT ")
            sql.append(text: columns)
            if let computed {
                sql.append(text: ", ")
                sql.append(computed)
            }
            sql.append(text: " FROM ")
            sql.append(table.piece(isTarget: false))
            sql.append(scoped(condition))
            sql.append(text: " ")
            sql.append(tail)
        }
        return SQLStatement(sql, dialect: connection.dialect)
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
            sql.append(text: " WHERE ")
            sql.append(.scope(column: column, value: value))
            if let condition {
                sql.append(text: " AND (")
                sql.append(condition)
                sql.append(text: ")")
            }
        } else if let condition {
            sql.append(text: " WHERE ")
            sql.append(condition)
        }
        return sql
    }
}

extension SQLText {
    static func + (left: SQLText, right: SQLText) -> SQLText { SQLText(pieces: left.pieces + right.pieces) }
}

/// Only leaves an engine's loop.
private struct Enough: Error {}
