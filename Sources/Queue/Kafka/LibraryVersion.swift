import CRdkafka
import Logging

/// A release of librdkafka, which may be another at run time than at compile time.
struct LibraryVersion: Sendable, Comparable, CustomStringConvertible {
    /// The first that reads what newer brokers tell of their features; older ones fail with `Read underflow`.
    static let needed = LibraryVersion(number: 0x0203_00FF)
    static let running = LibraryVersion(number: UInt32(bitPattern: rd_kafka_version()))

    /// Major, minor, revision, and 0xFF for a release, a byte each.
    let number: UInt32

    static func < (left: LibraryVersion, right: LibraryVersion) -> Bool { left.number < right.number }

    var description: String { "\(number >> 24).\(number >> 16 & 0xFF).\(number >> 8 & 0xFF)" }

    /// Nil if it is new enough.
    var complaint: String? {
        guard self < .needed else { return nil }
        return
            "librdkafka \(self) is older than \(Self.needed), which some brokers need: with it they cannot be reached."
    }

    func warn(_ logger: Logger) {
        if let complaint { logger.warning("\(complaint)") }
    }
}
