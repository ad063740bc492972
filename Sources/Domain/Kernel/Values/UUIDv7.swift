private import Synchronization

/// A time-ordered UUID (RFC 9562, version 7), made by the application so that no sequence can fall behind.
package struct UUIDv7: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one; within a process each is greater than those before it.
    package init(at time: Timestamp = .now()) {
        let stamp = Self.nextStamp(milliseconds: UInt64(max(0, time.milliseconds)))
        high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xFFF)
        low = UInt64.random(in: .min ... .max) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    /// Milliseconds and a 12-bit counter in one number that only grows.
    private static let lastStamp = Atomic<UInt64>(0)

    private static func nextStamp(milliseconds: UInt64) -> UInt64 {
        while true {
            let last = lastStamp.load(ordering: .relaxed)
            let next = max(last + 1, milliseconds << 12)
            if lastStamp.compareExchange(expected: last, desired: next, ordering: .relaxed).exchanged {
                return next
            }
        }
    }

    /// When it was made, to the millisecond.
    package var timestamp: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    package var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    package init?(bytes: some Collection<UInt8>) {
        guard let id = Array(bytes).withUnsafeBytes({ Self(bytes: $0) }) else { return nil }
        self = id
    }
}

extension UUIDv7: CustomStringConvertible, LosslessStringConvertible {
    private static let digits = Array("0123456789abcdef".utf8)

    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = digit < 16 ? high : low
                buffer[position] = Self.digits[Int(truncatingIfNeeded: word >> (60 - 4 * (digit & 15)) & 15)]
                position += 1
            }
            return position
        }
    }

    package init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var (high, low) = (UInt64(0), UInt64(0))
        for (index, character) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Self.value(ofDigit: character) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        self.init(high: high, low: low)
    }

    private static func value(ofDigit character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
