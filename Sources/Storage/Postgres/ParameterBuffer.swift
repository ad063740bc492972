import Kernel
import Relational

/// Values of one statement as libpq takes them: one block of bytes, with a place, length and format for each. Kept by
/// a connection, so that its room is used again.
///
/// Types are left to the server, which knows them from the columns: so one prepared statement serves null and not null.
struct ParameterBuffer {
    private static let textFormat: Int32 = 0
    private static let binaryFormat: Int32 = 1
    /// More is not kept for the next statement.
    private static let keptBytes = 1 << 16

    private var bytes: [UInt8] = []
    /// Where each value begins; nil for null.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// `invalid` (code `invalid_text`) where a text holds a NUL, which the server cannot keep.
    static func check(_ values: [SQLValue]) throws {
        for case .text(let text) in values where text.utf8.contains(0) {
            throw Failure(.invalid, "invalid_text", "Text cannot hold a NUL character.")
        }
    }

    /// Takes checked `values` in place of those before.
    mutating func fill(_ values: [SQLValue]) {
        bytes.removeAll(keepingCapacity: bytes.count <= Self.keptBytes)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        for value in values { append(value) }
    }

    private mutating func append(_ value: SQLValue) {
        let start = bytes.count
        switch value {
        case .null: return add(start: nil, Self.textFormat)
        case .integer(let number): append(number)
        case .real(let number): bytes.append(contentsOf: "\(number)".utf8)
        case .text(let text): bytes.append(contentsOf: text.utf8)
        case .blob(let blob):
            bytes.append(contentsOf: blob)
            add(start: start, Self.binaryFormat)
            // So that even empty bytes have an address: no address means null.
            return bytes.append(0)
        case .uuid(let uuid):
            withUnsafeBytes(of: uuid.high.bigEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: uuid.low.bigEndian) { bytes.append(contentsOf: $0) }
            return add(start: start, Self.binaryFormat)
        }
        add(start: start, Self.textFormat)
        bytes.append(0)
    }

    private mutating func append(_ number: Int64) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func add(start: Int?, _ format: Int32) {
        offsets.append(start)
        lengths.append(Int32(clamping: bytes.count - (start ?? bytes.count)))
        formats.append(format)
    }

    /// The arrays that libpq's calls take; valid during `body`.
    func withPointers<Value>(
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Value
    ) -> Value {
        bytes.withUnsafeBytes { block in
            let start = block.bindMemory(to: CChar.self).baseAddress
            return withUnsafeTemporaryAllocation(
                of: UnsafePointer<CChar>?.self, capacity: max(1, offsets.count)
            ) {
                pointers in
                for (index, offset) in offsets.enumerated() {
                    pointers.initializeElement(at: index, to: offset.flatMap { at in start.map { $0 + at } })
                }
                return body(Int32(offsets.count), UnsafePointer(pointers.baseAddress), lengths, formats)
            }
        }
    }
}
