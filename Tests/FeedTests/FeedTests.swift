import Feed
import Kernel
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

    @Test func `mentions are never cut, and get names where people read them`() {
        let (ann, ben) = (UserID(), UserID())
        let text = "ask <@\(ann)> and <@\(ben)>"
        #expect(Excerpt.mentioned(in: text) == [ann, ben])
        #expect(Excerpt.named(text) { $0 == ann ? "Ann" : nil } == "ask @Ann and @somebody")
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
