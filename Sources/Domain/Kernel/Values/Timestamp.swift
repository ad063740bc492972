private import Foundation

/// A moment in UTC, to the millisecond.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func + (moment: Timestamp, span: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds + span.inMilliseconds)
    }

    package static func - (moment: Timestamp, span: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds - span.inMilliseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// Whole seconds since 1970, rounded down.
    package var unixSeconds: Int64 { (Double(milliseconds) / 1000).rounded(.down).asInt64 }
}

extension Double {
    fileprivate var asInt64: Int64 { Int64(self) }
}

extension Duration {
    package var inMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with milliseconds, such as `2026-01-02T03:04:05.678Z`.
    package var description: String {
        let isBefore = milliseconds % 86_400_000 < 0
        let days = milliseconds / 86_400_000 - (isBefore ? 1 : 0)
        let inDay = milliseconds % 86_400_000 + (isBefore ? 86_400_000 : 0)
        let (year, month, day) = Self.civil(fromDays: days)
        let seconds = inDay / 1000
        let rest = String(unsafeUninitializedCapacity: 20) { buffer in
            var position = 0
            func put(_ mark: Unicode.Scalar, _ number: Int64, _ width: Int) {
                buffer[position] = UInt8(ascii: mark)
                var left = number
                for place in stride(from: position + width, to: position, by: -1) {
                    buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: left % 10)
                    left /= 10
                }
                position += 1 + width
            }
            put("-", month, 2)
            put("-", day, 2)
            put("T", seconds / 3600, 2)
            put(":", seconds / 60 % 60, 2)
            put(":", seconds % 60, 2)
            put(".", inDay % 1000, 3)
            buffer[position] = UInt8(ascii: "Z")
            return position + 1
        }
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + rest
    }

    /// Days since 1970 to a date of the proleptic Gregorian calendar (Howard Hinnant's `civil_from_days`).
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}
