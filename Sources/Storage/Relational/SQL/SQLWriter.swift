import Kernel

/// Reads and changes rows of one kind of table, within its scope.
package struct SQLWriter<Table: SQLTable> {
    let connection: any SQLConnection
    let scope: Table.Scope

    package var reader: SQLReader<Table> { SQLReader(connection: connection, scope: scope) }

    /// Adds a row of the scope. `conflict` (code `unique_violation`) if its key exists.
    package func insert(into table: Table, _ row: KeyValuePairs<String, (any SQLColumn)?>) throws {
        _ = try run(insertion(table, row))
    }

    /// Adds a row of the scope, of columns in two parts, unless its key exists; true if it did.
    package func insertIfAbsent(
        into table: Table, _ row: KeyValuePairs<String, (any SQLColumn)?>,
        and more: KeyValuePairs<String, (any SQLColumn)?> = [:]
    ) throws -> Bool {
        try run(insertion(table, row, more) + " ON CONFLICT DO NOTHING") == 1
    }

    /// Adds a row of the scope, of columns in two parts, or does `change` to the one of the scope with the
    /// same `key` columns.
    package func upsert(
        into table: Table, _ row: KeyValuePairs<String, (any SQLColumn)?>,
        and more: KeyValuePairs<String, (any SQLColumn)?> = [:], key: String, change: SQLText
    ) throws {
        let clause = SQLText(stringLiteral: " ON CONFLICT (\(key)) DO UPDATE SET ")
        var sql = insertion(table, row, more) + clause + change
        if let (column, value) = Table.predicate(scope) {
            // The row in the way may be another's where the key does not hold the scope.
            sql.append(text: " WHERE ")
            sql.append(.scope(column: "\(table.name).\(column)", value: value))
        }
        _ = try run(sql)
    }

    /// Reads rows that this transaction is about to change, passing over those that another one is changing.
    package func claim<Value>(
        _ columns: String, from table: Table, where condition: SQLText, then tail: SQLText = "",
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        let suffix = SQLText(stringLiteral: " " + connection.dialect.claimSuffix)
        return try reader.select(columns, from: table, where: condition, then: tail + suffix, decode: decode)
    }

    /// Number of rows changed.
    @discardableResult
    package func update(_ table: Table, set change: SQLText, where condition: SQLText) throws -> Int {
        let head = SQLText(pieces: [.text("UPDATE "), table.piece(isTarget: false), .text(" SET ")])
        return try run(head + change + reader.scoped(condition))
    }

    /// The rows changed, as they are now.
    package func update<Value>(
        _ table: Table, set change: SQLText, where condition: SQLText, returning columns: String,
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        let head = SQLText(pieces: [.text("UPDATE "), table.piece(isTarget: false), .text(" SET ")])
        let tail = SQLText(stringLiteral: " RETURNING \(columns)")
        var values: [Value] = []
        let statement = SQLStatement(
            head + change + reader.scoped(condition) + tail, dialect: connection.dialect)
        try connection.query(statement) { row in
            var reader = SQLRowReader(row)
            values.append(try decode(&reader))
        }
        return values
    }

    /// Number of rows removed.
    @discardableResult
    package func delete(from table: Table, where condition: SQLText) throws -> Int {
        let head = SQLText(pieces: [.text("DELETE FROM "), table.piece(isTarget: false)])
        return try run(head + reader.scoped(condition))
    }

    private func run(_ sql: SQLText) throws -> Int {
        try connection.run(SQLStatement(sql, dialect: connection.dialect))
    }

    private func insertion(
        _ table: Table, _ row: KeyValuePairs<String, (any SQLColumn)?>,
        _ more: KeyValuePairs<String, (any SQLColumn)?> = [:]
    ) -> SQLText {
        var names = row.map(\.key) + more.map(\.key)
        var values = (Array(row) + Array(more)).map { $0.value?.sqlValue ?? .null }
        if let (column, value) = Table.predicate(scope) {
            names.insert(column, at: 0)
            values.insert(value, at: 0)
        }
        var sql = SQLText(pieces: [
            .text("INSERT INTO "), table.piece(isTarget: true),
            .text(" (\(names.joined(separator: ", "))) VALUES ("),
        ])
        for (index, value) in values.enumerated() {
            if index > 0 { sql.append(text: ", ") }
            sql.append(value: value)
        }
        sql.append(text: ")")
        return sql
    }
}

package typealias TenantReader = SQLReader<TenantTable>
package typealias TenantWriter = SQLWriter<TenantTable>
package typealias SystemReader = SQLReader<SystemTable>
package typealias SystemWriter = SQLWriter<SystemTable>
