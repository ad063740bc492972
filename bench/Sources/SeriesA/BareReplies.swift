/// Bytes in, answers of Redis out, as far as one who sets and gets values meets them.
struct BareReplies {
    private var bytes: [UInt8] = []
    private var start = 0

    private static let carriageReturn: UInt8 = 13
    private static let zero: UInt8 = 48
    /// Longer values are not asked for.
    private static let mostBytes = 1 << 20

    mutating func append(_ more: ArraySlice<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// The next value, or the word that stands for one; nil until more has come. Fails where there is no value.
    mutating func next() throws -> [UInt8]? {
        guard let end = bytes[start...].firstIndex(of: Self.carriageReturn), end + 1 < bytes.count else {
            return nil
        }
        let line = bytes[start..<end]
        switch bytes[start] {
        case UInt8(ascii: "+"):
            start = end + 2
            return Array(line.dropFirst())
        case UInt8(ascii: "$"):
            guard let count = Self.number(line.dropFirst()) else { throw Self.failure(line) }
            let value = end + 2
            guard bytes.count >= value + count + 2 else { return nil }
            start = value + count + 2
            return Array(bytes[value..<value + count])
        default: throw Self.failure(line)
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard (zero..<zero + 10).contains(digit), number < mostBytes else { return nil }
            number = number * 10 + Int(digit - zero)
        }
        return number
    }

    private static func failure(_ line: ArraySlice<UInt8>) -> RunFailure {
        RunFailure("Redis gave no value: \(String(decoding: line.prefix(200), as: UTF8.self))")
    }
}
