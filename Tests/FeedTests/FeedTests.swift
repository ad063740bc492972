import Feed
import Kernel
import Memory
import Relational
import TestDatabase
import Testing

@Suite struct SequenceRunsTests {
    @Test func `each number counts once, in whatever order they come`() {
        var runs = SequenceRuns()
        let numbers: [Int64] = [5, 6, 9, 7, 5, 8, 20, 9, 19, 1]
        var seen: Set<Int64> = []
        for number in numbers {
            let isNew = runs.insert(number)
            let isFirst = seen.insert(number).inserted
            #expect(isNew == isFirst, "\(number)")
        }
        #expect(runs.description == "1-1 5-9 19-20")
        #expect(SequenceRuns(runs.description) == runs)
        #expect(runs.last == 20)
        #expect(
            SequenceRuns("5-x") == nil && SequenceRuns("9-5") == nil && SequenceRuns("") == SequenceRuns())
    }

    @Test func `a number that is taken out is as if it had not been seen`() {
        var (runs, seen) = (SequenceRuns(), Set<Int64>())
        for number in Int64(1)...9 {
            _ = runs.insert(number)
            seen.insert(number)
        }
        for number in [5, 1, 9, 5, 20, 4, 6] as [Int64] {
            let isKnown = runs.remove(number)
            let wasThere = seen.remove(number) != nil
            #expect(isKnown == wasThere, "\(number)")
        }
        #expect(runs.description == "2-3 7-8" && !runs.isEmpty)
        let isNew = runs.insert(5)
        #expect(isNew && runs.description == "2-3 5-5 7-8")
        for number in [2, 3, 5, 7, 8] as [Int64] { _ = runs.remove(number) }
        #expect(runs.isEmpty && runs == SequenceRuns())
    }

    @Test func `they stay small whatever is missing between them`() {
        var runs = SequenceRuns()
        for number in 0..<1_000 {
            let isNew = runs.insert(Int64(number * 2))
            #expect(isNew)
        }
        #expect(runs.description.split(separator: " ").count == SequenceRuns.maximumRuns)
        let (isKnown, isNew) = (!runs.insert(1_998), runs.insert(1_999))
        #expect(isKnown && isNew)
    }
}

@Suite struct ExcerptTests {
    @Test func `an excerpt is one line that ends between words`() {
        #expect(Excerpt.of("  one\n two\t three ") == "one two three")
        let long = Excerpt.of(String(repeating: "word ", count: 100))
        #expect(long.count <= Excerpt.maximumCharacters + 1 && long.hasSuffix("word…"))
        #expect(Excerpt.of(String(repeating: "x", count: 500)).count == Excerpt.maximumCharacters + 1)
    }

    @Test func `mentions are never cut`() {
        let (ann, ben) = (UserID(), UserID())
        let text = "ask <@\(ann)> and <@\(ben)>"
        #expect(Excerpt.of(text) == text)
        let long = Excerpt.of(String(repeating: "word ", count: 30) + "<@\(ann)>")
        #expect(!long.contains("<"))
    }
}

@Suite struct QuietHoursTests {
    private func time(_ minutes: Int) -> Timestamp { Timestamp(milliseconds: Int64(minutes) * 60_000) }

    @Test(
        arguments: [
            // Minutes since midnight UTC; from, until; expected end in minutes, nil for not quiet.
            (21 * 60 + 59, 22 * 60, 7 * 60, nil), (22 * 60, 22 * 60, 7 * 60, 31 * 60),
            (23 * 60 + 30, 22 * 60, 7 * 60, 31 * 60), (3 * 60, 22 * 60, 7 * 60, 7 * 60),
            (7 * 60, 22 * 60, 7 * 60, nil), (12 * 60, 11 * 60, 13 * 60, 13 * 60),
            (13 * 60, 11 * 60, 13 * 60, nil),
        ] as [(Int, Int, Int, Int?)])
    func `quiet hours end when they say, also behind midnight`(
        _ now: Int, _ from: Int, _ until: Int, _ end: Int?
    ) {
        let quiet = QuietHours(from: from, until: until)
        #expect(quiet.end(around: time(now), LocalTime("UTC")) == end.map(time))
    }

    @Test func `the clock of a zone is shown with its summer time`() throws {
        let zone = LocalTime("Europe/Berlin")
        // 2026-03-28T22:30Z is 23:30 there; the clock leaps from 2:00 to 3:00 on the 29th.
        let evening = Timestamp(milliseconds: 1_774_737_000_000)
        #expect(zone.minute(of: evening) == 23 * 60 + 30)
        let morning = try #require(
            QuietHours(from: 22 * 60, until: 7 * 60).end(around: evening, zone))
        #expect(morning.description == "2026-03-29T05:00:00.000Z")
        #expect(zone.next(minute: 150, after: evening) > evening)
        #expect(
            zone.next(minute: 150, after: evening) <= Timestamp(milliseconds: 1_774_737_000_000)
                + .seconds(4 * 3600))
    }

    @Test func `a weekly digest comes on a Monday at its hour`() {
        let friday = Timestamp(milliseconds: 1_795_167_000_000)
        let next = LocalTime("UTC").next(hour: 8, weekly: true, after: friday)
        #expect(next.description.hasSuffix("T08:00:00.000Z"))
        #expect(MailText.date(next).hasPrefix("Mon, "), "\(MailText.date(next))")
        #expect(next - friday <= .seconds(7 * 86_400))
        #expect(LocalTime("UTC").next(hour: 8, weekly: true, after: next) - next == .seconds(7 * 86_400))
    }

    @Test(arguments: ["22:30", "00:00", "23:59"])
    func `times of the day are read and written alike`(_ text: String) throws {
        #expect(QuietHours.text(try #require(QuietHours.minute(text))) == text)
    }

    @Test(arguments: ["24:00", "7:00", "07:60", "", "aa:bb", "07:00:00"])
    func `what is no time of the day is refused`(_ text: String) { #expect(QuietHours.minute(text) == nil) }
}

@Suite struct NotificationPreferencesTests {
    private let noon = Timestamp(milliseconds: 12 * 3_600_000)

    @Test func `who has chosen nothing gets mentions at once and the rest the next morning`() {
        let preferences = NotificationPreferences.standard
        #expect(
            preferences.delivery(of: .mention, at: noon) == .init(isShown: true, mail: .instant(due: noon)))
        #expect(
            preferences.delivery(of: .comment, at: noon)
                == .init(isShown: true, mail: .digest(due: Timestamp(milliseconds: 32 * 3_600_000))))
    }

    @Test func `quiet hours hold instant mail until their end, and a digest that is off sends nothing`() {
        var preferences = NotificationPreferences.standard
        preferences.quietHours = QuietHours(from: 11 * 60, until: 14 * 60)
        preferences.digest.period = .off
        preferences.inApp[.mention] = false
        let end = Timestamp(milliseconds: 14 * 3_600_000)
        #expect(
            preferences.delivery(of: .mention, at: noon) == .init(isShown: false, mail: .instant(due: end)))
        #expect(preferences.delivery(of: .comment, at: noon) == .init(isShown: true, mail: nil))
    }

    @Test func `they are kept as they were, and what makes no sense is refused`() throws {
        var preferences = NotificationPreferences.standard
        preferences.inApp[.reply] = false
        preferences.quietHours = QuietHours(from: 0, until: 60)
        #expect(try JSON.decode(NotificationPreferences.self, JSON.encode(preferences)) == preferences)
        for zone in ["Mars/Olympus", "CET", "", "+01:00", "../etc/passwd"] {
            preferences.timeZone = zone
            #expect(throws: Failure.self, "\(zone)") { try preferences.checked() }
        }
        preferences.timeZone = "Asia/Tokyo"
        preferences.digest.hour = 24
        #expect(throws: Failure.self) { try preferences.checked() }
        preferences.digest.hour = 23
        _ = try preferences.checked()
    }
}

@Suite struct NotificationWindowTests {
    private func told(_ count: Int) -> [Notification] {
        (0..<count).map { _ in
            Notification(
                id: NotificationID(), .mention, by: nil, at: .now(), place: FeedPlace(), wording: Wording())
        }.reversed()
    }

    private func newest(_ all: [Notification]) -> [Notification] {
        Array(all.prefix(NotificationWindow.size))
    }

    @Test func `new ones are news once, oldest first, also one that comes behind older ids`() {
        let all = told(5)
        var window = NotificationWindow([all[4]])
        #expect(window.news(in: Array(all[2...])) == [all[3], all[2]])
        #expect(window.news(in: Array(all[2...])).isEmpty)
        // The second was on its way for longer than the first.
        #expect(window.news(in: [all[0]] + all[2...]) == [all[0]])
        #expect(window.news(in: all) == [all[1]])
    }

    @Test func `an old one that moves up when others go is no news`() {
        var all = told(60)
        var window = NotificationWindow(newest(all))
        for _ in 0..<10 {
            all.removeFirst(3)
            #expect(window.news(in: newest(all)).isEmpty)
        }
        let fresh = told(1)
        #expect(window.news(in: newest(fresh + all)) == fresh)
    }

    @Test func `nor is one that was told long ago and forgotten here`() {
        var all = told(1)
        var window = NotificationWindow(all)
        var news = 0
        for _ in 0..<30 {
            all = told(10) + all
            news += window.news(in: newest(all)).count
        }
        #expect(news == 300)
        while all.count > 1 {
            all.removeFirst(10)
            #expect(window.news(in: newest(all)).isEmpty)
        }
    }
}

@Suite struct FeedRetellingTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)

    @Test(
        arguments: [
            // Events that the group has before it, the age of the oldest in seconds, whether a rebuild may begin.
            (0, nil, true), (3, 5, true), (3, 600, true), (1, 601, false), (1, nil, false),
        ] as [(Int, Int?, Bool)])
    func `it begins only where the group has no old events before it`(
        _ events: Int, _ age: Int?, _ begins: Bool
    ) {
        let lag = ConsumerLag(events: events, oldest: age.map { now - .seconds($0) })
        #expect((FeedRetelling(at: now, behind: lag) != nil) == begins)
    }

    @Test(arguments: [(-86_400, 0), (-601, 0), (-30, 1), (30, 1)])
    func `whoever tells a young event first, its letter is due once, and none of an old one`(
        _ seconds: Int, _ letters: Int
    ) async throws {
        for isRebuildFirst in [true, false] {
            try await TestDatabase.with { file in
                let store = RelationalFeedStore(file.database())
                let (tenant, ann) = (TenantID(), UserID())
                let projection = FeedProjection(
                    store: store,
                    pages: FeedPages(MemoryCache(maximumEntries: 9, maximumBytes: 1 << 20)) { _, _ in
                        Page(items: [], next: nil)
                    }, notices: NotificationNotices(MemoryPubSub()),
                    readings: [
                        "told": { event in
                            let one = Notification(
                                id: NotificationID(event.id.uuid), .mention, by: nil, at: event.time,
                                place: FeedPlace(), wording: Wording())
                            return [.notify(one, [ann])]
                        }
                    ])
                let retelling = try #require(
                    FeedRetelling(at: now, behind: ConsumerLag(events: 0, oldest: nil)))
                let event = Event(
                    type: "told", version: 1, tenant: tenant, key: "k", time: now + .seconds(seconds),
                    data: [])
                let isMailed = isRebuildFirst ? retelling.mails(event) : letters == 1
                try await projection.apply(event, mails: isMailed)
                try await projection.apply(
                    event, mails: isRebuildFirst ? letters == 1 : retelling.mails(event))
                #expect(try await store.depth().waiting == letters)
            }
        }
    }
}
