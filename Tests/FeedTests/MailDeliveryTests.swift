import Feed
import Kernel
import Relational
import SQLite
import Synchronization
import TestDatabase
import Testing

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
    @Test
    func `a security letter comes in quiet hours and to who wants no mail, and says when and what to do`()
        async throws
    {
        try await MailStage.with { stage in
            var silent = NotificationPreferences.standard
            silent.email = [:]
            silent.quietHours = QuietHours(from: 0, until: 1_439)
            try await stage.choose(silent)
            for user in [stage.ann, UserID()] {
                _ = try await stage.store.apply(
                    [.warn(user, .passwordChanged, at: stage.now)], in: stage.tenant, at: stage.now,
                    mails: true)
            }
            stage.mood.withLock { $0 = .away }
            #expect(try await stage.deliver() == 2)
            stage.mood.withLock { $0 = .fine }
            stage.pass(.seconds(61))
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(stage.letters.count == 1 && letter.to == "ann@example.com")
            #expect(letter.subject == "Your password was changed")
            #expect(letter.body.contains("on 2027-01-15 at 08:00 UTC"))
            #expect(letter.body.contains("owner or admin"))
            // Of somebody who is not in the team any more.
            #expect(stage.outcomes.withLock { $0.contains(.dropped) })
        }
    }

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
            try await stage.choose(preferences)
            #expect(try await stage.deliver() == 3 && stage.letters.isEmpty)
            #expect(stage.outcomes.withLock { $0 } == [.dropped, .dropped, .dropped])
        }
    }

    @Test func `what was said in a room that one may not see any more is not sent`() async throws {
        try await MailStage.with { stage in
            let (left, room) = (UUIDv7(), UUIDv7())
            _ = try await stage.tell(.mention, "a secret", in: left)
            _ = try await stage.tell(.mention, "no secret", in: room)
            _ = try await stage.tell(.directMessage, "a secret", in: left)
            _ = try await stage.tell(.comment, "no secret")
            stage.hidden.withLock { $0 = [left] }
            #expect(try await stage.deliver() == 2)
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            #expect(stage.letters.map(\.subject) == ["Ben mentioned you in “Film”", "1 thing you missed"])
            #expect(
                stage.letters.allSatisfy { $0.body.contains("no secret") && !$0.body.contains("a secret") })
            #expect(stage.outcomes.withLock { $0.count { $0 == .dropped } } == 1)
        }
    }

    @Test func `what is wanted at another time now comes with the letter that it was due with`() async throws
    {
        try await MailStage.with { stage in
            var preferences = NotificationPreferences.standard
            _ = try await stage.tell(.mention, "at once")
            _ = try await stage.tell(.comment, "in the digest")
            (preferences.email[.mention], preferences.email[.comment]) = (.digest, .instant)
            try await stage.choose(preferences)
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
            try await stage.choose(preferences)
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
            try await stage.choose(preferences)
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(letter.subject == "More than 50 things you missed")
            #expect(letter.body.contains("number 50.") && !letter.body.contains("number 51."))
            #expect(letter.body.contains("and more: https://video.example.com/#/notifications"))
            #expect(!letter.body.contains("unwanted"))
        }
    }

    @Test func `a digest tells what stands behind more than it has room for of rooms that were left`()
        async throws
    {
        try await MailStage.with { stage in
            let left = UUIDv7()
            for _ in 0..<120 { _ = try await stage.tell(.comment, "a secret", in: left) }
            for number in 1...2 { _ = try await stage.tell(.comment, "number \(number).") }
            stage.hidden.withLock { $0 = [left] }
            stage.pass(.seconds(86_400))
            #expect(try await stage.deliver() == 1)
            let letter = try #require(stage.letters.first)
            #expect(letter.subject == "2 things you missed")
            #expect(letter.body.contains("number 2.") && !letter.body.contains("a secret"))
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
