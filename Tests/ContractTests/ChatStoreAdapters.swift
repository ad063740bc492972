import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

@testable import Chat

/// Where a contract test of `ChatStore` plays: an empty store, and what has been told.
struct ChatStoreStage: Sendable {
    let store: any ChatStore
    /// Events of committed writes, in order.
    let published: @Sendable () async throws -> [Event]

    init(_ database: Database, _ store: (any ChatStore)? = nil) {
        self.store = store ?? RelationalChatStore(database)
        published = { try await Outbox(database).oldest(1_000).map(\.event) }
    }

    /// A write that answers nothing of interest.
    func write(
        _ tenant: TenantID, once: OnceKey? = nil, _ body: @escaping @Sendable (any ChatWriter) throws -> Void
    ) async throws {
        _ = try await store.write(WriteContext(tenant: tenant, once: once)) { writer in
            try body(writer)
            return true
        }
    }
}

/// An adapter under the contract.
struct ChatStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (ChatStoreStage) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas] : [])

    private static let sqlite = ChatStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in try await test(ChatStoreStage(file.database())) }
    }

    private static let postgres = ChatStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { try await test(ChatStoreStage(Database(driver: $0))) }
        }
    }

    private static let schemas = ChatStoreAdapter(testDescription: "Postgres, a schema per tenant") { test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let database = Database(driver: driver)
                let store = PlacedChatStore(
                    store: RelationalChatStore(database), places: PostgresPlaces(file))
                try await test(ChatStoreStage(database, store))
            }
        }
    }
}

struct PlacedChatStore: ChatStore {
    let store: RelationalChatStore
    let places: any TenantPlaces

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ChatReader) throws -> Value
    ) async throws -> Value {
        try await places.make(tenant)
        return try await store.read(tenant, body)
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ChatWriter) throws -> Value
    ) async throws -> Value {
        try await places.make(context.tenant)
        return try await store.write(context, body)
    }
}

extension Room {
    static func sample(
        _ kind: Kind = .team, isPrivate: Bool = false, members: [UserID] = [], lastSeq: Int64 = 0
    ) -> Room {
        Room(
            kind: kind, title: kind == .direct ? "" : "Ünïcode 'quoted' 🦆", isPrivate: isPrivate,
            members: members.sorted { $0.description < $1.description }, createdBy: UserID(),
            createdAt: Timestamp(milliseconds: 1_800_000_000_123), lastSeq: lastSeq)
    }
}

extension Message {
    static func sample(
        _ body: String = "text", in room: RoomID, _ seq: Int64, by author: UserID = UserID(),
        to parent: MessageID? = nil, as clientID: String? = nil
    ) -> Message {
        Message(
            roomID: room, seq: seq, id: MessageID(), clientID: clientID ?? "c\(seq)", author: author,
            body: body, parentID: parent, sentAt: Timestamp(milliseconds: 1_800_000_000_000 + seq))
    }
}
