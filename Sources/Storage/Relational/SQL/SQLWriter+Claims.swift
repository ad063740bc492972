import Kernel

extension SQLWriter {
    /// Reads rows that no other transaction changes or holds until this one ends.
    package func hold<Value>(
        _ columns: String, from table: Table, where condition: SQLText? = nil, then tail: SQLText = "",
        decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        let suffix = SQLText(stringLiteral: " " + connection.dialect.holdSuffix)
        return try reader.select(columns, from: table, where: condition, then: tail + suffix, decode: decode)
    }

    /// Changes the rows of `condition`, told apart by the column `key`, passing over those that another transaction is
    /// changing; the rows changed, as they are now.
    package func claim<Value>(
        _ table: Table, by key: String, where condition: SQLText, set change: SQLText,
        returning columns: String, decode: (inout SQLRowReader) throws -> Value
    ) throws -> [Value] {
        var free = SQLText(pieces: [
            .text("\(key) IN (SELECT \(key) FROM "), table.piece(isTarget: false),
        ])
        free.append(reader.scoped(condition))
        free.append(text: " \(connection.dialect.claimSuffix))")
        return try update(table, set: change, where: free, returning: columns, decode: decode)
    }
}
