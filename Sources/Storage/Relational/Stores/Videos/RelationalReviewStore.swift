package import Kernel
package import Videos

/// Comments, approvals and links of guests in the relational store.
package struct RelationalReviewStore: ReviewStore {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ReviewReader) throws -> Value
    ) async throws -> Value {
        try await database.read(tenant) { try body(ReviewRows(rows: $0)) }
    }

    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ReviewWriter) throws -> Value
    ) async throws -> Value {
        try await database.write(context) { try body(ReviewTransaction(transaction: $0)) }
    }
}

extension TenantTable {
    static let comments = TenantTable("comments")
    static let approvals = TenantTable("approvals")
    static let shareLinks = TenantTable("share_links")
}
