import Kernel
import Relational

/// Values of one statement as libpq takes them: one block of bytes, with a place, length and format for each.
///
/// Types are left to the server, which knows them from the columns: so one prepared statement serves null and not null.
struct ParameterBuffer: Sendable {
    private static let textFormat: Int32 = 0
    private static let binaryFormat: Int32 = 1

    private var bytes: [UInt8] = []
    /// Where each value begins; nil for null.
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// `invalid` (code `invalid_text`) where a text holds a NUL, which the server cannot keep.
    init(_ values: [SQLValue]) throws {
        offsets.reserveCapacity(values.count)
        lengths.reserveCapacity(values.count)
        formats.reserveCapacity(values.count)
        for value in values { try append(value) }
    }

    private mutating func append(_ value: SQLValue) throws {
        let start = bytes.count
        switch value {
        case .null: return add(start: nil, Self.textFormat)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .real(let number): bytes.append(contentsOf: "\(number)".utf8)
        case .text(let text):
            bytes.append(contentsOf: text.utf8)
            guard !bytes[start...].contains(0) else {
                throw Failure(.invalid, "invalid_text", "Text cannot hold a NUL character.")
            }
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
