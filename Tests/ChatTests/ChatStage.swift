import Kernel
import Memory
import Relational
import Synchronization
import TestDatabase

@testable import Chat

/// The context over a database of its own, with a team and videos that tests name.
struct ChatStage: Sendable {
    let store: any ChatStore
    let rooms: Rooms
    let reactions: RoomReactions
    let notices: RoomNotices
    let clock: ManualClock
    let outbox: Outbox
    let tenant: TenantID
    let ada: Caller
    let bob: Caller
    let eve: Caller
    /// May read alone.
    let viewer: Caller
    let admin: Caller
    let stranger = Caller(tenant: TenantID(), user: UserID(), role: .owner)
    let video = UUIDv7()
    let titles: Titles

    /// What the videos are called.
    final class Titles: Sendable {
        private let known: Mutex<[UUIDv7: String]>

        init(_ known: [UUIDv7: String]) { self.known = Mutex(known) }

        subscript(video: UUIDv7) -> String? {
            get { known.withLock { $0[video] } }
            set { known.withLock { $0[video] = newValue } }
        }
    }

    static func with(
        limits: Rooms.Limits = Rooms.Limits(), _ test: (ChatStage) async throws -> Void
    ) async throws {
        try await TestDatabase.with { file in
            let clock = ManualClock()
            let database = file.database { clock.now }
            try await test(ChatStage(RelationalChatStore(database), Outbox(database), clock, limits))
        }
    }

    init(_ store: any ChatStore, _ outbox: Outbox, _ clock: ManualClock, _ limits: Rooms.Limits) {
        let tenant = TenantID()
        let roles: [Role] = [.member, .member, .member, .viewer, .admin]
        let callers = roles.map { Caller(tenant: tenant, user: UserID(), role: $0) }
        let people = Set(callers.map(\.user))
        let titles = Titles([video: "A film"])
        let notices = RoomNotices(MemoryPubSub())
        self.store = store
        self.outbox = outbox
        self.clock = clock
        self.tenant = tenant
        self.notices = notices
        self.titles = titles
        (ada, bob, eve, viewer, admin) = (callers[0], callers[1], callers[2], callers[3], callers[4])
        let neighbours = RoomNeighbours { asked, of in
            of == tenant ? titles[asked] : nil
        } people: { asked, of in
            of == tenant ? people.intersection(asked) : []
        }
        rooms = Rooms(
            store: store, notices: notices, limiter: MemoryRateLimiter(now: { clock.now }),
            neighbours: neighbours, limits: limits, now: { clock.now })
        reactions = RoomReactions(
            store: store, notices: notices, neighbours: neighbours, now: { clock.now })
    }

    // MARK: Steps

    func open(_ title: String = "General") async throws -> RoomID {
        try await make(.team(title: title, isPrivate: false, people: []), by: ada)
    }

    func secret(_ people: [Caller]) async throws -> RoomID {
        try await make(.team(title: "Secret", isPrivate: true, people: people.map(\.user)), by: ada)
    }

    func make(_ wish: Rooms.Wish, by caller: Caller) async throws -> RoomID {
        try await rooms.make(wish, by: caller, nil).view.room.id
    }

    @discardableResult
    func say(
        _ text: String, in room: RoomID, by caller: Caller? = nil, as clientID: String? = nil,
        to parent: MessageID? = nil
    ) async throws -> Message {
        try await rooms.send(
            MessageDraft(body: text, parentID: parent, clientID: clientID ?? "\(UUIDv7())"), to: room,
            by: caller ?? ada
        ).message
    }

    func events<Payload: EventPayload>(_ type: Payload.Type) async throws -> [Payload] {
        try await outbox.oldest(1_000).map(\.event).filter { $0.type == Payload.type }.map {
            try $0.payload(Payload.self)
        }
    }
}

/// The code of the failure that `body` ends with; nil if it does not.
func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return Failure.wrapping(error).code
    }
}
