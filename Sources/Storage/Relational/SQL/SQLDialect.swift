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

    package init(
        name: String, placeholder: @escaping @Sendable (Int) -> String, uuidType: String, bytesType: String,
        integerType: String, realType: String, identityColumn: String, clusteredSuffix: String,
        claimSuffix: String
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
