import Feed
import Kernel
import Relational
import SQLite
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
            now: { self.now }, observe: { outcome, _ in self.outcomes.withLock { $0.append(outcome) } })
        return try await delivery.deliverDue()
    }
}

/// A queue whose caller dies before it can note what became of a mail, or that fails when it is to note one.
private struct Forgetful: MailQueue {
    let base: RelationalFeedStore
    var deafTo: NotificationID?

    func claim(_ limit: Int, lease: Duration, at time: Timestamp) async throws -> [QueuedMail] {
        try await base.claim(limit, lease: lease, at: time)
    }
    func content(
        of mail: QueuedMail, kinds: [Notification.Kind], limit: Int
    ) async throws -> [Notification] {
        try await base.content(of: mail, kinds: kinds, limit: limit)
    }
    func finish(_ mail: QueuedMail, _ outcome: MailOutcome, at time: Timestamp) async throws -> Bool {
        guard let deafTo else { return false }
        if mail.channel == .instant(deafTo) { throw Failure.unavailable("The store") }
        return try await base.finish(mail, outcome, at: time)
    }
    func depth() async throws -> MailDepth { try await base.depth() }
}

extension Notification {
    fileprivate static var sample: Notification {
        Notification(
            id: NotificationID(), .mention, by: nil, at: .now(), place: FeedPlace(video: UUIDv7()),
            wording: Wording())
    }
}

/// Two databases, of which the other takes no writes.
private struct HalfDeafDriver: SQLDriver {
    let one: any SQLDriver
    let other: any SQLDriver
    let ill: TenantID

    var dialect: SQLDialect { one.dialect }

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value { try await (scope == .tenant(ill) ? other : one).read(scope, body) }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        guard scope != .tenant(ill) else { throw Failure.unavailable("The database") }
        return try await one.write(scope, body)
    }

    func close() async {}
}

@Suite struct MailDeliveryTests {
    @Test func `a letter says who did what and where, with names for those who are mentioned`() async throws {
        try await MailStage.with { stage in
            _ = try await stage.tell(
                .mention, "look <@\(stage.ann.description.uppercased())> and <@\(UserID())>")
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

    @Test func `what is wanted at another time now comes with the letter that it was due with`() async throws
    {
        try await MailStage.with { stage in
            var preferences = NotificationPreferences.standard
            _ = try await stage.tell(.mention, "at once")
            _ = try await stage.tell(.comment, "in the digest")
            (preferences.email[.mention], preferences.email[.comment]) = (.digest, .instant)
            try await stage.store.save(preferences, of: stage.ann, in: stage.tenant)
            #expect(try await stage.deliver() == 1)
            #expect(stage.letters.map(\.subject) == ["Ben mentioned you in “Film”"])
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            #expect(stage.letters.last?.body.contains("in the digest") == true)
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

    @Test func `a digest says that there is more than it has room for, and counts only what is wanted`()
        async throws
    {
        try await MailStage.with { stage in
            for _ in 0..<60 { _ = try await stage.tell(.approval, "unwanted") }
            for number in 1...51 { _ = try await stage.tell(.comment, "number \(number).") }
            var preferences = NotificationPreferences.standard
            preferences.email[.approval] = .off
            try await stage.store.save(preferences, of: stage.ann, in: stage.tenant)
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(letter.subject == "More than 50 things you missed")
            #expect(letter.body.contains("number 50.") && !letter.body.contains("number 51."))
            #expect(letter.body.contains("and more: https://video.example.com/#/notifications"))
            #expect(!letter.body.contains("unwanted"))
        }
    }

    @Test func `one letter whose end cannot be noted keeps no other from being sent`() async throws {
        try await MailStage.with { stage in
            let notes = (0..<9).map { _ in Notification.sample }
            for note in notes {
                _ = try await stage.store.apply(
                    [.notify(note, [stage.ann])], in: stage.tenant, at: stage.now, mails: true)
            }
            let queue = Forgetful(base: stage.store, deafTo: notes[0].id)
            let failure = await #expect(throws: Failure.self) { try await stage.deliver(from: queue) }
            #expect(failure?.kind == .unavailable)
            #expect(stage.letters.count == 9)
            #expect(try await stage.store.depth() == MailDepth(waiting: 1, dead: 0))
        }
    }

    @Test func `a tenant whose database takes no writes keeps no other's letters`() async throws {
        try await TestDatabase.with { one in
            try await TestDatabase.with { other in
                let (well, ill) = (TenantID(), TenantID())
                let driver = HalfDeafDriver(one: one.driver, other: other.driver, ill: ill)
                let time = Timestamp(milliseconds: 1_800_000_000_000)
                for (database, tenant) in [(other, ill), (one, well)] {
                    let store = RelationalFeedStore(database.database())
                    for number in 0..<3 {
                        let at = time + .seconds(tenant == ill ? number : 10 + number)
                        _ = try await store.apply(
                            [.notify(.sample, [UserID()])], in: tenant, at: at, mails: true)
                    }
                }
                let store = RelationalFeedStore(
                    Database(driver: driver), parts: [one.database(), other.database()])
                let due = time + .seconds(60)
                let claimed = try await store.claim(4, lease: .seconds(60), at: due)
                #expect(claimed.map(\.tenant) == [well, well, well])
                await #expect(throws: Failure.self) {
                    try await store.claim(4, lease: .seconds(60), at: due)
                }
                // One that is gone altogether takes its own count with it, and no other's.
                await other.driver.close()
                #expect(try await store.depth() == MailDepth(waiting: 3, dead: 0))
            }
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
