package import Kernel
package import Polls

/// Polls and votes in the relational store.
package struct RelationalPollStore: PollStore {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any PollReader) throws -> Value
    ) async throws -> Value {
        try await database.read(tenant) { try body(PollRows(rows: $0)) }
    }

    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any PollWriter) throws -> Value
    ) async throws -> Value {
        try await database.write(context) { try body(PollTransaction(transaction: $0)) }
    }
}

extension TenantTable {
    static let polls = TenantTable("polls")
    static let pollVotes = TenantTable("poll_votes")
}
