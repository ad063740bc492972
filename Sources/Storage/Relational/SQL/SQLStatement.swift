/// A statement as a driver runs it. Only this module makes them, so that none misses its tenant.
package struct SQLStatement: Sendable {
    /// How an engine that keeps tenants apart by itself writes what concerns them.
    package struct Form: Sendable {
        /// Before the name of a tenant's table that rows are added to.
        package var targetPrefix = ""
        /// Before the name of a tenant's table that is read or changed.
        package var sourcePrefix = ""
        /// Stands for the tenant in place of a parameter.
        package var tenantExpression: String?
        /// Parameters that the driver has put before those of the statement.
        package var earlierParameters = 0

        package init() {}
    }

    private let pieces: [SQLText.Piece]
    /// All that is needed of its dialect, for a statement is copied often.
    private let placeholder: @Sendable (Int) -> String

    init(_ sql: SQLText, dialect: SQLDialect) {
        pieces = sql.pieces
        placeholder = dialect.placeholder
    }

    /// The text with a placeholder for each of the values.
    package func rendered(_ form: Form = Form()) -> (text: String, values: [SQLValue]) {
        var text = ""
        var values: [SQLValue] = []
        func bind(_ value: SQLValue) {
            values.append(value)
            text += placeholder(form.earlierParameters + values.count)
        }
        text.reserveCapacity(200)
        values.reserveCapacity(pieces.count / 2)
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .value(let value): bind(value)
            case .tenantTable(let name, let isTarget):
                text += isTarget ? form.targetPrefix : form.sourcePrefix
                text += name
            case .scope(let column, let value):
                text += column
                text += " = "
                if let expression = form.tenantExpression { text += expression } else { bind(value) }
            }
        }
        return (text, values)
    }

    package var text: String { rendered().text }
    package var values: [SQLValue] { rendered().values }

    /// The tenants that the statement is kept to; more than one in none of the statements made today.
    package var tenants: [SQLValue] {
        pieces.compactMap { if case .scope(_, let value) = $0 { value } else { nil } }
    }
}
