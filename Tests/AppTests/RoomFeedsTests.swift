import Chat
import Kernel
import Logging
import Memory
import Relational
import Sockets
import Synchronization
import Telemetry
import TestDatabase
import Testing

@testable import App

/// Who hears a private room, whatever becomes of the hints.
@Suite struct RoomFeedsTests {
    @Test func `who is taken out while a room begins to be heard is not let in`() async throws {
        try await FeedsStage.with { stage in
            stage.hints.gate.arm()
            let joining = Task { await stage.refusal(of: stage.bob) }
            let isWaiting = try await eventually { stage.hints.gate.isWaiting }
            #expect(isWaiting)
            try await stage.takeOut(stage.bob)
            stage.hints.gate.open()
            #expect(await joining.value == "not_found")
            #expect(await stage.refusal(of: stage.ada) == nil)
        }
    }

    @Test func `who was seen as a member before somebody else began to listen is seen again`() async throws {
        try await FeedsStage.with { stage in
            stage.reading.arm()
            let joining = Task { await stage.refusal(of: stage.bob) }
            let isWaiting = try await eventually { stage.reading.isWaiting }
            #expect(isWaiting)
            try await stage.takeOut(stage.bob)
            #expect(await stage.refusal(of: stage.ada) == nil)
            stage.reading.open()
            #expect(await joining.value == "not_found")
        }
    }

    @Test func `who is taken out while a subscription is renewed hears no more once it is`() async throws {
        try await FeedsStage.with { stage in
            #expect(await stage.refusal(of: stage.bob) == nil)
            stage.hints.gate.arm()
            stage.hints.cut()
            let isWaiting = try await eventually { stage.hints.gate.isWaiting }
            #expect(isWaiting)
            try await stage.takeOut(stage.bob)
            stage.hints.gate.open()
            let isOut = try await eventually { stage.removed.withLock { $0 } == [stage.bob.user] }
            #expect(isOut)
        }
    }

    @Test func `who is taken out without a hint that came is found by a look, each few seconds`() async throws
    {
        #expect(RoomFeeds.Settings().access < .seconds(5))
        try await FeedsStage.with(access: .milliseconds(20)) { stage in
            #expect(await stage.refusal(of: stage.bob) == nil)
            stage.hints.gate.arm()
            stage.hints.cut()
            let looking = Task { await stage.feeds.run() }
            try await stage.takeOut(stage.bob)
            let isOut = try await eventually { stage.removed.withLock { $0.contains(stage.bob.user) } }
            #expect(isOut)
            looking.cancel()
        }
    }
}

/// The feeds of one process over a real store, with a private room of two, and hints in the test's hand.
private struct FeedsStage: Sendable {
    let hints = Hints()
    let reading: Gate
    let rooms: Rooms
    let feeds: RoomFeeds
    let room: RoomKey
    let ada: Caller
    let bob: Caller
    let removed: Removed

    final class Removed: Sendable {
        private let users = Mutex<Set<UserID>>([])

        func withLock<Value>(_ body: (inout Set<UserID>) -> sending Value) -> sending Value {
            users.withLock { users in body(&users) }
        }
    }

    static func with(
        access: Duration = .seconds(3600), _ test: (FeedsStage) async throws -> Void
    ) async throws {
        try await TestDatabase.with { file in
            let stage = try await FeedsStage(RelationalChatStore(file.database()), access)
            do {
                try await test(stage)
            } catch {
                await stage.feeds.forget(stage.room)
                throw error
            }
            await stage.feeds.forget(stage.room)
        }
    }

    private init(_ base: RelationalChatStore, _ access: Duration) async throws {
        let (tenant, removed, reading) = (TenantID(), Removed(), Gate())
        (ada, bob) = (
            Caller(tenant: tenant, user: UserID(), role: .member),
            Caller(tenant: tenant, user: UserID(), role: .member)
        )
        (self.removed, self.reading) = (removed, reading)
        let (store, notices) = (HeldStore(base: base, gate: reading), RoomNotices(hints))
        rooms = Rooms(
            store: store, notices: notices, limiter: MemoryRateLimiter(),
            neighbours: RoomNeighbours { _, _ in
                nil
            } people: { users, _ in
                Set(users)
            })
        let made = try await rooms.make(
            .team(title: "Secret", isPrivate: true, people: [bob.user]), by: ada, nil)
        room = RoomKey(tenant: tenant, room: made.view.room.id)
        var settings = RoomFeeds.Settings()
        settings.access = access
        feeds = RoomFeeds(
            settings,
            source: RoomSource(rooms: rooms, notices: notices) { tenant, ids in
                try await base.read(tenant) { try $0.rooms(ids) }
            }, metrics: MetricRegistry(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { news in
            if case .removal(_, let users?, _) = news { removed.withLock { $0.formUnion(users) } }
        }
    }

    /// The code of the failure with which the caller is not let in.
    func refusal(of caller: Caller) async -> String? {
        do {
            _ = try await feeds.prepare(room, caller)
            _ = try await feeds.enter(room, caller)
            return nil
        } catch {
            return Failure.wrapping(error).code
        }
    }

    func takeOut(_ caller: Caller) async throws {
        try await rooms.remove(caller.user, from: room.room, by: ada, nil)
    }
}

/// Holds the next who passes, until it is opened.
private final class Gate: Sendable {
    private enum State { case open, armed, waiting }
    private let state = Mutex(State.open)

    var isWaiting: Bool { state.withLock { $0 == .waiting } }

    func arm() { state.withLock { $0 = .armed } }
    func open() { state.withLock { $0 = .open } }

    func pass() async throws {
        let isHeld = state.withLock { state in
            guard state == .armed else { return false }
            state = .waiting
            return true
        }
        while isHeld, isWaiting { try await Task.sleep(for: .milliseconds(2)) }
    }
}

/// Hints of one channel, whose subscriptions begin behind a gate.
private final class Hints: PubSub {
    let gate = Gate()
    private let streams = Mutex<[AsyncStream<[UInt8]>.Continuation]>([])

    func publish(_ channel: String, _ message: [UInt8]) async throws {
        for stream in streams.withLock({ $0 }) { stream.yield(message) }
    }

    func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await gate.pass()
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        streams.withLock { $0.append(continuation) }
        return stream
    }

    /// Ends all subscriptions.
    func cut() {
        let all = streams.withLock { streams in
            defer { streams = [] }
            return streams
        }
        for stream in all { stream.finish() }
    }
}

/// A store whose answers wait behind a gate.
private struct HeldStore: ChatStore {
    let base: RelationalChatStore
    let gate: Gate

    func read<Value: Sendable>(
        _ tenant: TenantID, _ body: @escaping @Sendable (any ChatReader) throws -> Value
    ) async throws -> Value {
        let value = try await base.read(tenant, body)
        try await gate.pass()
        return value
    }

    func write<Value: Codable & Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (any ChatWriter) throws -> Value
    ) async throws -> Value { try await base.write(context, body) }
}
