/// All in which the engines differ, as far as this program writes SQL.
package struct SQLDialect: Sendable {
    package let name: String
    /// The parameter at a position, from 1.
    package let placeholder: @Sendable (Int) -> String
    /// Column type of a UUID.
    package let uuidType: String
    /// Column type of bytes.
    package let bytesType: String
    /// Column type of a 64-bit integer.
    package let integerType: String
    /// Column type of a floating point number.
    package let realType: String
    /// Definition of a primary key that the engine counts up and never gives out twice.
    package let identityColumn: String
    /// Ends a table whose rows live in its primary key.
    package let clusteredSuffix: String
    /// Appended to the reading of rows that this transaction will change.
    package let claimSuffix: String
    /// Appended to the reading of rows that nobody else may change or hold until this transaction ends; empty where
    /// writers take turns anyhow.
    package let holdSuffix: String
    /// Whether the event log lies in tables of a month each, which go as a whole.
    package let keepsEventsByMonth: Bool
    package let textSearch: TextSearch

    /// How text is found by what stands in it.
    package enum TextSearch: Sendable {
        /// A table of SQLite's FTS5, by trigrams.
        case fts5
        /// An index of Postgres's `pg_trgm`.
        case trigrams
    }

    package init(
        name: String, placeholder: @escaping @Sendable (Int) -> String, uuidType: String, bytesType: String,
        integerType: String, realType: String, identityColumn: String, clusteredSuffix: String,
        claimSuffix: String, holdSuffix: String = "", keepsEventsByMonth: Bool = false,
        textSearch: TextSearch = .trigrams
    ) {
        self.name = name
        self.placeholder = placeholder
        self.uuidType = uuidType
        self.bytesType = bytesType
        self.integerType = integerType
        self.realType = realType
        self.identityColumn = identityColumn
        self.clusteredSuffix = clusteredSuffix
        self.claimSuffix = claimSuffix
        self.holdSuffix = holdSuffix
        self.keepsEventsByMonth = keepsEventsByMonth
        self.textSearch = textSearch
    }

    /// `sql` with the types of this engine in place of `{uuid}`, `{bytes}`, `{integer}`, `{real}`, `{identity}`
    /// and `{clustered}`.
    func schema(_ sql: String) -> String {
        [
            "{uuid}": uuidType, "{bytes}": bytesType, "{integer}": integerType, "{real}": realType,
            "{identity}": identityColumn, "{clustered}": clusteredSuffix,
        ].reduce(sql) { $0.replacing($1.key, with: $1.value) }
    }
}
