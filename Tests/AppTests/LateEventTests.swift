import Feed
import Kernel
import Memory
import Relational
import Synchronization
import TestDatabase
import Testing

@testable import App

/// What events do that are told late or twice: out of the dead letters, by a rebuild, by clocks that differ.
@Suite struct LateEventTests {
    @Test func `a message that is told late tells nobody who has left the room since`() async throws {
        try await FeedNewsStage.with { stage in
            stage.members.withLock { $0 = [stage.ann, stage.cat] }
            try await stage.apply(stage.left(at: 300))
            for event in [stage.said(at: 100), stage.edited(at: 110), stage.joined(at: 90)] {
                try await stage.apply(event)
            }
            #expect(try await stage.told(stage.ben).isEmpty)
            // Told by the message, and not again by its edit.
            #expect(try await stage.told(stage.cat).count == 1)
        }
    }

    @Test func `who left a room keeps nothing of it, whichever clock was ahead`() async throws {
        try await FeedNewsStage.with { stage in
            try await stage.apply(stage.said(at: 150))
            #expect(try await stage.told(stage.ben).count == 1)
            stage.members.withLock { $0 = [stage.ann, stage.cat] }
            try await stage.apply(stage.left(at: 100))
            #expect(try await stage.told(stage.ben).isEmpty)
            #expect(try await stage.told(stage.cat).count == 1)
        }
    }

    @Test func `who was let in again keeps what came since, and that alone, also when all is told again`()
        async throws
    {
        try await FeedNewsStage.with { stage in
            let (old, left) = (stage.said(at: 100), stage.left(at: 110))
            let (joined, new) = (stage.joined(at: 120), stage.said(at: 130))
            try await stage.apply(old)
            stage.members.withLock { $0 = [stage.ann, stage.cat] }
            try await stage.apply(left)
            stage.members.withLock { $0 = [stage.ann, stage.ben, stage.cat] }
            for event in [joined, new, old, left, joined, new] { try await stage.apply(event) }
            #expect(Set(try await stage.told(stage.ben)) == [joined.id.uuid, new.id.uuid])
        }
    }
}

/// The feed of one team over a real store, fed with events by hand, and a private room whose members the test says.
private final class FeedNewsStage: Sendable {
    let tenant = TenantID()
    let (ann, ben, cat) = (UserID(), UserID(), UserID())
    let members: Mutex<Set<UserID>>
    private let (room, message) = (UUIDv7(), UUIDv7())
    private let store: RelationalFeedStore

    static func with(_ test: (FeedNewsStage) async throws -> Void) async throws {
        try await TestDatabase.with { try await test(FeedNewsStage(RelationalFeedStore($0.database()))) }
    }

    private init(_ store: RelationalFeedStore) {
        self.store = store
        members = Mutex([ann, ben, cat])
    }

    func apply(_ event: Event) async throws {
        let pages = FeedPages(MemoryCache(maximumEntries: 10, maximumBytes: 1 << 16)) { _, _ in
            Page(items: [], next: nil)
        }
        let owners = FeedOwners(
            video: { _, _ in nil }, comment: { _, _ in nil },
            message: { _, _ in .init(body: "hush", number: 1, sentAt: .now()) },
            room: { _, _ in
                .init(title: "Secret", isDirect: false, members: self.members.withLock { $0 })
            }, people: { _, users in users })
        try await FeedProjection(
            store: store, pages: pages, notices: NotificationNotices(MemoryPubSub()), owners: owners
        ).apply(event)
    }

    func told(_ user: UserID) async throws -> [UUIDv7] {
        try await store.notifications(PageRequest(limit: 10), of: user, unreadOnly: false, in: tenant).items
            .map(\.id.uuid)
    }

    func said(at time: Int64) -> Event {
        told("message.sent", at: time, ["author": "\(ann)", "seq": 1])
    }

    func edited(at time: Int64) -> Event { told("message.edited", at: time, ["by": "\(ann)", "seq": 2]) }

    func joined(at time: Int64) -> Event {
        told("members.changed", at: time, ["by": "\(ann)", "joined": ["\(ben)"], "left": [String]()])
    }

    func left(at time: Int64) -> Event {
        told("members.changed", at: time, ["by": "\(ann)", "joined": [String](), "left": ["\(ben)"]])
    }

    /// Of the room and its message, which all were told of at that time.
    private func told(_ type: String, at time: Int64, _ payload: [String: Any]) -> Event {
        let place: [String: Any] = [
            "room": "\(room)", "message": "\(message)", "mentions": ["\(ben)", "\(cat)"],
            "audience": ["\(ann)", "\(ben)", "\(cat)"],
        ]
        return .told(type, at: time, in: tenant, payload.merging(place) { own, _ in own })
    }
}
