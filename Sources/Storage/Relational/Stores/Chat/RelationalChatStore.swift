package import Chat
package import Kernel

/// Rooms and messages in the relational store.
package struct RelationalChatStore: ChatStore {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ChatReader) throws -> Value
    ) async throws -> Value {
        try await database.read(tenant) { try body(ChatRows(rows: $0)) }
    }

    package func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ChatWriter) throws -> Value
    ) async throws -> Value {
        try await database.write(context) { try body(ChatTransaction(transaction: $0)) }
    }
}

extension TenantTable {
    static let chatRooms = TenantTable("chat_rooms")
    static let chatMembers = TenantTable("chat_members")
    static let chatMessages = TenantTable("chat_messages")
    static let chatRevisions = TenantTable("chat_revisions")
    static let chatMarkers = TenantTable("chat_markers")
}
