/// One numbered step of the schema. Its text never changes once released: its hash is kept and compared.
///
/// Steps expand first (add a table, a column that may be null) and contract in a later release, so that the old
/// and the new program can run side by side.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    /// SQL with the type names of `SQLDialect.schema`.
    package let sql: String
    /// Tables of this step that hold rows of tenants; an engine that can guards them by itself.
    package let tenantTables: [String]

    package init(_ number: Int, _ name: String, tenantTables: [String] = [], _ sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
        self.tenantTables = tenantTables
    }

    package static let all: [Migration] = [
        .machinery, .identity, .videos, .uploadHandle, .instances, .search, .chat, .review, .feed, .polls,
        .pollRevision, .sessionDevices, .sessionExpiry, .databases,
    ]

    /// Steps of SQLite alone, which come after those of all engines.
    package static let sqlite: [Migration] = [.searchDocuments, .roomDocuments, .authorDocuments]
}
