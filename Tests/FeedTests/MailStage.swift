import Feed
import Kernel
import Relational
import SQLite
import Synchronization
import TestDatabase

/// A queue in a real store, a clock that the test moves, and a sender that does what it is told.
final class MailStage: MailSender {
    enum Mood: Sendable { case fine, away, refusing }

    let tenant = TenantID()
    let (ann, ben) = (UserID(), UserID())
    let store: RelationalFeedStore
    let clock = Mutex(Timestamp(milliseconds: 1_800_000_000_000))
    let mood = Mutex(Mood.fine)
    let sent = Mutex<[Letter]>([])
    let outcomes = Mutex<[MailOutcome]>([])
    /// Rooms that nobody may see any more.
    let hidden = Mutex<Set<UUIDv7>>([])

    init(_ store: RelationalFeedStore) { self.store = store }

    static func with(_ body: (MailStage) async throws -> Void) async throws {
        try await TestDatabase.with { try await body(MailStage(RelationalFeedStore($0.database()))) }
    }

    func send(_ letter: Letter) async throws {
        switch mood.withLock({ $0 }) {
        case .fine: sent.withLock { $0.append(letter) }
        case .away: throw Failure.unavailable("The mail server")
        case .refusing: throw Failure(.invalid, "mail_refused", "no")
        }
    }

    var now: Timestamp { clock.withLock { $0 } }
    var letters: [Letter] { sent.withLock { $0 } }
    func pass(_ time: Duration) { clock.withLock { $0 = $0 + time } }

    func tell(
        _ kind: Notification.Kind, _ excerpt: String? = nil, in room: UUIDv7? = nil
    ) async throws -> Notification {
        let notification = Notification(
            id: NotificationID(), kind, by: ben, at: now, place: FeedPlace(video: UUIDv7(), room: room),
            wording: Wording(title: "Film", excerpt: excerpt))
        _ = try await store.apply([.notify(notification, [ann])], in: tenant, at: now, mails: true)
        return notification
    }

    func choose(_ preferences: NotificationPreferences) async throws {
        _ = try await store.changePreferences(of: ann, in: tenant) { _ in preferences }
    }

    @discardableResult
    func deliver(finishing: Bool = true) async throws -> Int {
        try await deliver(from: finishing ? store : Forgetful(base: store))
    }

    @discardableResult
    func deliver(from queue: any MailQueue) async throws -> Int {
        var settings = MailDelivery.Settings(publicURL: "https://video.example.com")
        settings.maximumAttempts = 3
        settings.backoff = Backoff(first: .seconds(60), maximum: .seconds(60))
        let names = [ann: "Ann", ben: "Ben"]
        let delivery = MailDelivery(
            queue: queue, store: store, sender: self, settings: settings,
            person: { _, user in names[user].map { .init(name: $0, email: "\($0.lowercased())@example.com") }
            },
            visible: { rooms, _, _ in rooms.subtracting(self.hidden.withLock { $0 }) },
            now: { self.now }, observe: { outcome, _ in self.outcomes.withLock { $0.append(outcome) } })
        return try await delivery.deliverDue()
    }
}

/// A queue whose caller dies before it can note what became of a mail, or that fails when it is to note one.
struct Forgetful: MailQueue {
    let base: RelationalFeedStore
    var deafTo: NotificationID?

    func claim(_ limit: Int, lease: Duration, at time: Timestamp) async throws -> [QueuedMail] {
        try await base.claim(limit, lease: lease, at: time)
    }
    func content(
        of mail: QueuedMail, kinds: [Notification.Kind], after last: NotificationID?, limit: Int
    ) async throws -> [Notification] {
        try await base.content(of: mail, kinds: kinds, after: last, limit: limit)
    }
    func finish(_ mail: QueuedMail, _ outcome: MailOutcome, at time: Timestamp) async throws -> Bool {
        guard let deafTo else { return false }
        if mail.channel == .instant(deafTo) { throw Failure.unavailable("The store") }
        return try await base.finish(mail, outcome, at: time)
    }
    func depth() async throws -> MailDepth { try await base.depth() }
}

extension Notification {
    static var sample: Notification {
        Notification(
            id: NotificationID(), .mention, by: nil, at: .now(), place: FeedPlace(video: UUIDv7()),
            wording: Wording())
    }
}
