private import Foundation

/// Addresses that begin with the same bits, such as `10.0.0.0/8`; a bare address is itself alone.
package struct NetworkRange: Sendable, Equatable, CustomStringConvertible {
    package let description: String
    private let bytes: [UInt8]
    private let bits: Int

    static let loopback = NetworkRange(description: "127.0.0.0/8", bytes: [127, 0, 0, 0], bits: 8)

    private init(description: String, bytes: [UInt8], bits: Int) {
        self.description = description
        self.bytes = bytes
        self.bits = bits
    }

    /// Nil unless `text` is an IPv4 or IPv6 address, with or without a number of bits.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        let bits = parts.count == 1 ? bytes.count * 8 : Int(parts[1])
        guard let bits, (0...bytes.count * 8).contains(bits) else { return nil }
        self.bytes = bytes
        self.bits = bits
        description = text
    }

    package func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address), other.count == bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return bytes[bit / 8] & mask == other[bit / 8] & mask
        }
    }

    private static func bytes(of address: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &six) { Array($0) }
        // An IPv4 peer of a listener for both.
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes.suffix(4)) : bytes
    }
}

extension NetworkRange: ProfileValue {
    var printed: PrintedValue { description.printed }
}
