/// The units of one quantity, smallest first.
struct UnitTable {
    struct Unit {
        let name: String
        let size: Int64
        /// Used for writing; the others are only read.
        var isWritten = true
        /// What people write instead; named in the answer, not taken.
        var aliases: [String] = []
    }

    let quantity: String
    let example: String
    let units: [Unit]

    /// In milliseconds.
    static let durations = UnitTable(
        quantity: "duration", example: "15s",
        units: [
            Unit(name: "ms", size: 1, aliases: ["msec", "millis", "milliseconds"]),
            Unit(name: "s", size: 1000, aliases: ["sec", "secs", "second", "seconds"]),
            Unit(name: "m", size: 60_000, aliases: ["min", "mins", "minute", "minutes"]),
            Unit(name: "h", size: 3_600_000, aliases: ["hr", "hrs", "hour", "hours"]),
            Unit(name: "d", size: 86_400_000, aliases: ["day", "days"]),
        ])

    /// In bytes.
    static let bytes = UnitTable(
        quantity: "size", example: "8MiB",
        units: [
            Unit(name: "B", size: 1, aliases: ["byte", "bytes"]),
            Unit(name: "kB", size: 1000, isWritten: false), Unit(name: "KiB", size: 1 << 10),
            Unit(name: "MB", size: 1_000_000, isWritten: false), Unit(name: "MiB", size: 1 << 20),
            Unit(name: "GB", size: 1_000_000_000, isWritten: false), Unit(name: "GiB", size: 1 << 30),
            Unit(name: "TB", size: 1_000_000_000_000, isWritten: false), Unit(name: "TiB", size: 1 << 40),
        ])

    var names: String { units.map(\.name).joined(separator: ", ") }

    /// The number in the smallest unit.
    func parse(_ node: ProfileNode) throws(BadValue) -> Int64 {
        let text = try node.scalar("a \(quantity) such as \(example)").text
        let digits = text.prefix { ("0"..."9").contains($0) }
        let name = text.dropFirst(digits.count)
        guard !digits.isEmpty, name.first != ".", name.allSatisfy(\.isLetter) else {
            throw BadValue(
                "must be a whole number and a unit, such as \(example) (\(names)); is \(node.summary)")
        }
        guard !name.isEmpty else {
            throw BadValue("has no unit; write \(digits) and one of: \(names)")
        }
        guard let unit = units.first(where: { $0.name == name }) else {
            throw BadValue(
                "unknown unit \"\(ProfileNode.shortened(String(name)))\" (known: \(names))",
                nearest: nearest(String(name)).map { digits + $0 })
        }
        guard let number = Int64(digits),
            case (let total, let overflows) = number.multipliedReportingOverflow(by: unit.size),
            !overflows
        else { throw BadValue("is too large") }
        return total
    }

    private func nearest(_ name: String) -> String? {
        let word = name.lowercased()
        let alike = units.first { $0.name.lowercased() == word || $0.aliases.contains(word) }
        return alike?.name ?? NearestKey.of(name, among: units.map(\.name))
    }

    /// In the largest unit that keeps it whole.
    func text(of total: Int64) -> String {
        let unit = units.last { $0.isWritten && total % $0.size == 0 && total >= $0.size } ?? units[0]
        return "\(total / unit.size)\(unit.name)"
    }
}

extension ValueForm where Value == Duration {
    static func duration(in range: ClosedRange<Duration>) -> Self {
        let allowed = "\(range.lowerBound.inUnits) to \(range.upperBound.inUnits)"
        return ValueForm("duration", allowed, placeholder: range.lowerBound) { node throws(BadValue) in
            let value = Duration.milliseconds(try UnitTable.durations.parse(node))
            guard range.contains(value) else {
                throw BadValue("must be from \(allowed), is \(value.inUnits)")
            }
            return value
        }
    }
}

extension ValueForm where Value == ByteCount {
    static func bytes(in range: ClosedRange<ByteCount>) -> Self {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return ValueForm("size", allowed, placeholder: range.lowerBound) { node throws(BadValue) in
            let value = ByteCount(try UnitTable.bytes.parse(node))
            guard range.contains(value) else { throw BadValue("must be from \(allowed), is \(value)") }
            return value
        }
    }
}

extension Duration {
    static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }
    static func hours(_ count: Int64) -> Duration { .seconds(count * 3600) }
    static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }

    /// In the largest unit that keeps it whole, such as `15s`; to the millisecond.
    package var inUnits: String {
        UnitTable.durations.text(
            of: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
