package import Kernel

extension SystemWriter {
    /// Where the event log lies in tables of a month each: makes the month of `now` and `ahead` more, and drops those
    /// that ended before `expiry` and that every group has applied. Returns how many events went, of months about;
    /// nil where the log is one table.
    package func turnEventMonths(at now: Timestamp, expiry: Timestamp, ahead: Int) throws -> Int? {
        guard connection.dialect.keepsEventsByMonth else { return nil }
        var removed = 0
        let turn: SQLText = "SELECT cloudstream_turn_months(\(now), \(expiry), \(ahead))"
        try connection.query(SQLStatement(turn, dialect: connection.dialect)) { row in
            var reader = SQLRowReader(row)
            removed = try reader.next()
        }
        return removed
    }
}
