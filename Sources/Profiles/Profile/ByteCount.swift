/// A number of bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
    package let bytes: Int64

    package init(_ bytes: Int64) { self.bytes = bytes }

    package static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 10) }
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }
    package static func gibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 30) }
    package static func tebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 40) }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    package var asInt: Int { Int(bytes) }
}

extension ByteCount: CustomStringConvertible {
    /// In the largest unit that keeps it whole, such as `8MiB`.
    package var description: String { UnitTable.bytes.text(of: bytes) }
}

extension ByteCount: ProfileValue {
    var printed: PrintedValue { .text(description) }
}
