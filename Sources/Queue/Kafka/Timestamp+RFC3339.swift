import Kernel

extension Timestamp {
    /// Reads what `description` writes: `2026-01-02T03:04:05.678Z`.
    init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24 else { return nil }
        for (index, mark) in zip([4, 7, 10, 13, 16, 19, 23], "--T::.Z".utf8) where bytes[index] != mark {
            return nil
        }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].reduce(Optional(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<23), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        let time = ((Self.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        self.init(milliseconds: time * 1000 + fraction)
    }

    /// Since 1970, of a date of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Writes what `description` says, for the years from 0 to 9999: 24 bytes. Returns them.
    func write(to buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        let day = milliseconds.quotientRoundedDown(86_400_000)
        let inDay = milliseconds - day * 86_400_000
        let date = Self.date(day)
        var position = 0
        func put(_ number: Int64, digits: Int, then mark: Unicode.Scalar) {
            var number = number
            for index in stride(from: position + digits - 1, through: position, by: -1) {
                buffer[index] = UInt8(truncatingIfNeeded: 48 + number % 10)
                number /= 10
            }
            buffer[position + digits] = UInt8(ascii: mark)
            position += digits + 1
        }
        put(date.year, digits: 4, then: "-")
        put(date.month, digits: 2, then: "-")
        put(date.day, digits: 2, then: "T")
        put(inDay / 3_600_000, digits: 2, then: ":")
        put(inDay / 60_000 % 60, digits: 2, then: ":")
        put(inDay / 1000 % 60, digits: 2, then: ".")
        put(inDay % 1000, digits: 3, then: "Z")
        return UnsafeRawBufferPointer(rebasing: buffer[..<position])
    }

    /// Of a day since 1970, the reverse of `days`.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted.quotientRoundedDown(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
        return (year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func quotientRoundedDown(_ divisor: Int64) -> Int64 {
        (self >= 0 ? self : self - divisor + 1) / divisor
    }
}
