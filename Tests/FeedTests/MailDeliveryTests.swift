import Feed
import Kernel
import Relational
import Synchronization
import TestDatabase
import Testing

/// A queue in a real store, a clock that the test moves, and a sender that does what it is told.
private final class MailStage: MailSender {
    enum Mood: Sendable { case fine, away, refusing }

    let tenant = TenantID()
    let (ann, ben) = (UserID(), UserID())
    let store: RelationalFeedStore
    let clock = Mutex(Timestamp(milliseconds: 1_800_000_000_000))
    let mood = Mutex(Mood.fine)
    let sent = Mutex<[Letter]>([])
    let outcomes = Mutex<[MailOutcome]>([])

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

    func tell(_ kind: Notification.Kind, _ excerpt: String? = nil) async throws -> Notification {
        let notification = Notification(
            id: NotificationID(), kind, by: ben, at: now, place: FeedPlace(video: UUIDv7()),
            wording: Wording(title: "Film", excerpt: excerpt))
        _ = try await store.apply([.notify(notification, [ann])], in: tenant, at: now, mails: true)
        return notification
    }

    @discardableResult
    func deliver(finishing: Bool = true) async throws -> Int {
        var settings = MailDelivery.Settings(publicURL: "https://video.example.com")
        settings.maximumAttempts = 3
        settings.backoff = Backoff(first: .seconds(60), maximum: .seconds(60))
        let names = [ann: "Ann", ben: "Ben"]
        let delivery = MailDelivery(
            queue: finishing ? store : Forgetful(base: store), store: store, sender: self, settings: settings,
            person: { _, user in names[user].map { .init(name: $0, email: "\($0.lowercased())@example.com") }
            },
            now: { self.now }, observe: { outcome, _ in self.outcomes.withLock { $0.append(outcome) } })
        return try await delivery.deliverDue()
    }
}

/// A queue whose caller dies before it can note what became of a mail.
private struct Forgetful: MailQueue {
    let base: RelationalFeedStore

    func claim(_ limit: Int, lease: Duration, at time: Timestamp) async throws -> [QueuedMail] {
        try await base.claim(limit, lease: lease, at: time)
    }
    func content(of mail: QueuedMail, limit: Int) async throws -> [Notification] {
        try await base.content(of: mail, limit: limit)
    }
    func finish(_ mail: QueuedMail, _ outcome: MailOutcome, at time: Timestamp) async throws -> Bool { false }
    func depth() async throws -> MailDepth { try await base.depth() }
}

@Suite struct MailDeliveryTests {
    @Test func `a letter says who did what and where, with names for those who are mentioned`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(.mention, "look <@\(stage.ann)> and <@\(UserID())>")
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(letter.to == "ann@example.com" && letter.subject == "Ben mentioned you in “Film”")
            #expect(letter.body.contains("look @Ann and @somebody"))
            #expect(letter.body.contains("https://video.example.com/#/videos/"))
            #expect(try await stage.deliver() == 0 && stage.letters.count == 1)
        }
    }

    @Test func `what was read, taken back or turned off meanwhile is not sent`() async throws {
        try await MailStage.with { stage in
            let read = try await stage.tell(.mention)
            _ = try await stage.store.markRead(
                .these([read.id]), of: stage.ann, in: stage.tenant, at: stage.now)
            let gone = try await stage.tell(.mention)
            let film = try #require(gone.place.video)
            _ = try await stage.store.apply(
                [.forget(.video(film))], in: stage.tenant, at: stage.now, mails: true)
            _ = try await stage.tell(.reply)
            var preferences = NotificationPreferences.standard
            preferences.email[.reply] = .off
            try await stage.store.save(preferences, of: stage.ann, in: stage.tenant)
            #expect(try await stage.deliver() == 3 && stage.letters.isEmpty)
            #expect(stage.outcomes.withLock { $0 } == [.dropped, .dropped, .dropped])
        }
    }

    @Test func `quiet hours that were chosen later hold a letter until their end`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(.mention)
            var preferences = NotificationPreferences.standard
            let minute = LocalTime("UTC").minute(of: stage.now)
            preferences.quietHours = QuietHours(from: (minute + 1439) % 1440, until: (minute + 60) % 1440)
            try await stage.store.save(preferences, of: stage.ann, in: stage.tenant)
            #expect(try await stage.deliver() == 1 && stage.letters.isEmpty)
            stage.pass(.seconds(59 * 60))
            #expect(try await stage.deliver() == 0)
            stage.pass(.seconds(60))
            #expect(try await stage.deliver() == 1 && stage.letters.count == 1)
        }
    }

    @Test func `a server that is away is tried again, and in the end given up`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(.mention)
            stage.mood.withLock { $0 = .away }
            for _ in 1...3 {
                #expect(try await stage.deliver() == 1)
                #expect(try await stage.deliver() == 0)
                stage.pass(.seconds(60))
            }
            #expect(try await stage.deliver() == 0)
            #expect(try await stage.store.depth() == MailDepth(waiting: 0, dead: 1))
        }
    }

    @Test func `a letter that is refused is not tried again`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(.mention)
            stage.mood.withLock { $0 = .refusing }
            #expect(try await stage.deliver() == 1)
            stage.mood.withLock { $0 = .fine }
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 0 && stage.letters.isEmpty)
            #expect(try await stage.store.depth().dead == 1)
        }
    }

    @Test func `a crash behind handing over may hand it over again, under the same id`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(.mention)
            #expect(try await stage.deliver(finishing: false) == 1)
            #expect(try await stage.deliver() == 0)
            stage.pass(.seconds(300))
            #expect(try await stage.deliver() == 1)
            #expect(stage.letters.count == 2 && Set(stage.letters.map(\.id)).count == 1)
            stage.pass(.seconds(3_600))
            #expect(try await stage.deliver() == 0)
        }
    }

    @Test func `a digest tells all of a day in one letter, and each day has its own`() async throws {
        try await MailStage.with { stage in
            for number in 1...3 { _ = try await stage.tell(.comment, "number \(number)") }
            #expect(try await stage.deliver() == 0)
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(letter.subject == "3 things you missed")
            let places = (1...3).compactMap { letter.body.firstRange(of: "number \($0)")?.lowerBound }
            #expect(places.count == 3 && places == places.sorted())
            _ = try await stage.tell(.comment)
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1 && stage.letters.last?.subject == "1 thing you missed")
        }
    }
}
