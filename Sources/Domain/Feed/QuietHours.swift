private import Foundation
package import Kernel

/// Hours of each day in which no mail comes; they may pass midnight.
package struct QuietHours: Sendable, Codable, Equatable {
    /// Minutes of the day.
    package let from: Int
    package let until: Int

    package init(from: Int, until: Int) {
        self.from = from
        self.until = until
    }

    /// The next end of them if `time` lies within; else nil.
    package func end(around time: Timestamp, _ zone: LocalTime) -> Timestamp? {
        let minute = zone.minute(of: time)
        let isWithin = from < until ? (from..<until).contains(minute) : minute >= from || minute < until
        return isWithin ? zone.next(minute: until, after: time) : nil
    }

    /// Minutes of the day out of `22:30`; nil for any other form.
    package static func minute(_ text: String) -> Int? {
        guard let match = text.wholeMatch(of: /(\d\d):(\d\d)/), let hour = Int(match.1),
            let minute = Int(match.2), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    package static func text(_ minute: Int) -> String {
        let (hour, rest) = minute.quotientAndRemainder(dividingBy: 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}

/// The clock on somebody's wall.
package struct LocalTime: Sendable {
    private let zone: TimeZone
    private static let minuteMilliseconds: Int64 = 60_000
    private static let dayMinutes: Int64 = 1440

    /// UTC if there is no zone of that name.
    package init(_ name: String) { zone = Self.zone(name) ?? .gmt }

    package static func isKnown(_ name: String) -> Bool { zone(name) != nil }

    private static func zone(_ name: String) -> TimeZone? {
        // Shorter ones are abbreviations, which several zones share; `UTC` is none of them.
        guard name.utf8.count <= 64, name == "UTC" || name.contains("/") else { return nil }
        return TimeZone(identifier: name)
    }

    package func minute(of time: Timestamp) -> Int {
        Int((minutes(time) % Self.dayMinutes + Self.dayMinutes) % Self.dayMinutes)
    }

    /// The next time at which the clock shows `hour`, on a Monday if `weekly`.
    package func next(hour: Int, weekly: Bool, after time: Timestamp) -> Timestamp {
        var next = self.next(minute: hour * 60, after: time)
        // 1970 began on a Thursday.
        while weekly, (floorDivided(minutes(next), Self.dayMinutes) + 3) % 7 != 0 {
            next = self.next(minute: hour * 60, after: next)
        }
        return next
    }

    /// The next time at which the clock shows `minute` of the day. Where it leaps over that minute, the first after it.
    package func next(minute: Int, after time: Timestamp) -> Timestamp {
        let today = floorDivided(minutes(time), Self.dayMinutes)
        for day in today...today + 2 {
            let moment = moment(local: day * Self.dayMinutes + Int64(minute))
            if moment > time { return moment }
        }
        return time + .seconds(86_400)
    }

    private func minutes(_ time: Timestamp) -> Int64 {
        floorDivided(time.milliseconds + offset(time) * 1000, Self.minuteMilliseconds)
    }

    private func moment(local minutes: Int64) -> Timestamp {
        let wall = Timestamp(milliseconds: minutes * Self.minuteMilliseconds)
        // The offset of the moment itself, which the first guess is near enough to.
        let guess = wall - .seconds(offset(wall))
        return wall - .seconds(offset(guess))
    }

    private func offset(_ time: Timestamp) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)))
    }

    private func floorDivided(_ number: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}
