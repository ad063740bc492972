extension SQLWriter {
    /// Adds rows of the scope, each with a value for each of `columns`, but for those whose key exists.
    package func insertIfAbsent(
        into table: Table, _ columns: [String], rows: [[any SQLColumn]]
    ) throws {
        try insert(into: table, columns, rows, " ON CONFLICT DO NOTHING")
    }

    /// Adds rows of the scope, each with a value for each of `columns`. `conflict` (code `unique_violation`) if a key
    /// exists.
    package func insert(into table: Table, _ columns: [String], rows: [[(any SQLColumn)?]]) throws {
        try insert(into: table, columns, rows, "")
    }

    private func insert(
        into table: Table, _ columns: [String], _ rows: [[(any SQLColumn)?]], _ tail: SQLText
    ) throws {
        var rest = rows[...]
        // Few lengths, so that lists of all lengths share few statements.
        for length in [64, 8, 1] {
            while rest.count >= length {
                try insertOnce(into: table, columns, Array(rest.prefix(length)), tail)
                rest = rest.dropFirst(length)
            }
        }
    }

    private func insertOnce(
        into table: Table, _ columns: [String], _ rows: [[(any SQLColumn)?]], _ tail: SQLText
    ) throws {
        let scoped = Table.predicate(scope)
        let names = [scoped?.column].compactMap(\.self) + columns
        var sql = SQLText(pieces: [
            .text("INSERT INTO "), table.piece(isTarget: true),
            .text(" (\(names.joined(separator: ", "))) VALUES "),
        ])
        for (index, row) in rows.enumerated() {
            sql.append(text: index > 0 ? ", (" : "(")
            let values = [scoped?.value].compactMap(\.self) + row.map { $0?.sqlValue ?? .null }
            for (index, value) in values.enumerated() {
                if index > 0 { sql.append(text: ", ") }
                sql.append(value: value)
            }
            sql.append(text: ")")
        }
        sql.append(tail)
        _ = try connection.run(SQLStatement(sql, dialect: connection.dialect))
    }
}
