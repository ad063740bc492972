import Kernel
import Postgres
import Relational
import TestDatabase
import Testing

@testable import Polls

/// An adapter under the contract, with an empty store.
struct PollStoreAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (any PollStore, Outbox) async throws -> Void) async throws -> Void

    static let all = [sqlite] + (TestPostgres.isAvailable ? [postgres, schemas] : [])

    private static let sqlite = PollStoreAdapter(testDescription: "relational on SQLite") { test in
        try await TestDatabase.with { file in
            try await test(RelationalPollStore(file.database()), Outbox(file.database()))
        }
    }

    private static let postgres = PollStoreAdapter(testDescription: "relational on Postgres") { test in
        try await TestPostgres.with { file in
            try await file.withDriver { driver in
                let database = Database(driver: driver)
                try await test(RelationalPollStore(database), Outbox(database))
            }
        }
    }

    private static let schemas = PollStoreAdapter(testDescription: "Postgres, a schema per tenant") { test in
        try await TestPostgres.with { file in
            try await file.withDriver(lookUp: { _ in .schema }) { driver in
                let database = Database(driver: driver)
                let store = PlacedPollStore(
                    store: RelationalPollStore(database), places: PostgresPlaces(file))
                try await test(store, Outbox(database))
            }
        }
    }
}

struct PlacedPollStore: PollStore {
    let store: RelationalPollStore
    let places: any TenantPlaces

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any PollReader) throws -> Value
    ) async throws -> Value {
        try await places.make(tenant)
        return try await store.read(tenant, body)
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any PollWriter) throws -> Value
    ) async throws -> Value {
        try await places.make(context.tenant)
        return try await store.write(context, body)
    }
}

extension PollStore {
    fileprivate func change(
        _ tenant: TenantID, once: OnceKey? = nil, _ body: @escaping @Sendable (any PollWriter) throws -> Void
    ) async throws {
        _ = try await write(WriteContext(tenant: tenant, once: once)) { writer in
            try body(writer)
            return true
        }
    }
}

/// What every `PollStore` promises.
@Suite struct PollStoreContract {
    private struct Refusal: Error {}

    private static func sample(_ room: PlaceID = PlaceID()) -> Poll {
        Poll(
            room: room, question: "Té o café? ☕", options: ["té", "café", "'; --"], createdBy: UserID(),
            createdAt: Timestamp(milliseconds: 1_800_000_000_123))
    }

    @Test(arguments: PollStoreAdapter.all)
    func `a poll is read back as it was saved, and listed in its room`(_ adapter: PollStoreAdapter)
        async throws
    {
        try await adapter.run { store, _ async throws in
            let (tenant, room) = (TenantID(), PlaceID())
            let polls = (0..<5).map { _ in Self.sample(room) }
            var closed = polls[2]
            closed.closedAt = Timestamp(milliseconds: 5)
            closed.revision = 7
            let last = closed
            try await store.change(tenant) { writer in
                for poll in polls + [Self.sample()] { try writer.save(poll) }
                try writer.save(last)
                #expect(try writer.held(last.id) == last && writer.held(PollID()) == nil)
            }
            try await store.read(tenant) { reader throws in
                #expect(try reader.poll(last.id) == last && reader.poll(PollID()) == nil)
                let first = try reader.polls(in: room, PageRequest(limit: 3))
                #expect(first.items == [polls[4], polls[3], last])
                let next = try reader.polls(in: room, PageRequest(limit: 3, after: first.next))
                #expect(next.items == [polls[1], polls[0]] && next.next == nil)
            }
        }
    }

    @Test(arguments: PollStoreAdapter.all)
    func `everybody has one vote, the last`(_ adapter: PollStoreAdapter) async throws {
        try await adapter.run { store, _ async throws in
            let (tenant, me, polls) = (TenantID(), UserID(), [Self.sample(), Self.sample()])
            try await store.change(tenant) { writer in
                for poll in polls { try writer.save(poll) }
                for option in [0, 2, 1] { try writer.saveVote(option, of: me, on: polls[0].id) }
                for option in [1, 0] { try writer.saveVote(option, of: UserID(), on: polls[0].id) }
            }
            try await store.read(tenant) { reader throws in
                let ids = polls.map(\.id)
                #expect(try reader.votes(on: ids) == [ids[0]: [0: 1, 1: 2]])
                #expect(try reader.choices(of: me, on: ids) == [ids[0]: 1])
                #expect(try reader.votes(on: []).isEmpty && reader.choices(of: UserID(), on: ids).isEmpty)
            }
        }
    }

    @Test(arguments: PollStoreAdapter.all)
    func `another tenant finds and changes nothing, and what fails changes nothing`(
        _ adapter: PollStoreAdapter
    ) async throws {
        try await adapter.run { store, outbox async throws in
            let (mine, theirs, poll, me) = (TenantID(), TenantID(), Self.sample(), UserID())
            try await store.change(mine) { writer in
                try writer.save(poll)
                try writer.saveVote(0, of: me, on: poll.id)
            }
            try await store.change(theirs) { writer in
                #expect(try writer.poll(poll.id) == nil && writer.held(poll.id) == nil)
                #expect(try writer.polls(in: poll.room, PageRequest(limit: 9)).items.isEmpty)
                #expect(try writer.votes(on: [poll.id]).isEmpty)
                var other = poll
                other.closedAt = .now()
                try writer.save(other)
                try writer.saveVote(2, of: me, on: poll.id)
            }
            await #expect(throws: Refusal.self) {
                try await store.change(mine) { writer in
                    try writer.saveVote(1, of: me, on: poll.id)
                    try writer.publish(PollClosed(poll: poll.id, room: poll.room, by: me), key: "k")
                    throw Refusal()
                }
            }
            try await store.read(mine) { reader throws in
                #expect(try reader.poll(poll.id) == poll)
                #expect(try reader.choices(of: me, on: [poll.id]) == [poll.id: 0])
            }
            #expect(try await outbox.oldest(10).isEmpty)
        }
    }
}
