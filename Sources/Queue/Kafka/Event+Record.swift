import Kernel

/// The parts of an event's record, as bytes that live for one call: thousands are written a second, and what is spent on each
/// is spent on all.
extension Event {
    typealias Bytes = UnsafeRawBufferPointer

    /// `TENANT/KEY`.
    func withRecordKey<Value>(_ body: (Bytes) throws -> Value) rethrows -> Value {
        try key.withBytes { key in
            try withUnsafeTemporaryAllocation(byteCount: 37 + key.count, alignment: 1) { buffer in
                tenant.uuid.write(to: buffer)
                buffer[36] = UInt8(ascii: "/")
                UnsafeMutableRawBufferPointer(rebasing: buffer[37...]).copyMemory(from: key)
                return try body(Bytes(buffer))
            }
        }
    }

    /// In the order in which they are written.
    func forEachHeader(_ body: (HeaderName, Bytes) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 36, alignment: 1) { buffer in
            body(.specVersion, EventRecord.specVersion.bytes)
            id.uuid.write(to: buffer)
            body(.id, Bytes(buffer))
            body(.source, EventRecord.source.bytes)
            type.withBytes { body(.type, $0) }
            body(.time, time.write(to: buffer))
            key.withBytes { body(.subject, $0) }
            tenant.uuid.write(to: buffer)
            body(.tenant, Bytes(buffer))
            String(version).withBytes { body(.version, $0) }
            body(.contentType, EventRecord.contentType.bytes)
            traceParent?.withBytes { body(.traceParent, $0) }
        }
    }
}

extension StaticString {
    fileprivate var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}

extension String {
    fileprivate func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        if let value = try utf8.withContiguousStorageIfAvailable({ try body(UnsafeRawBufferPointer($0)) }) {
            return value
        }
        return try Array(utf8).withUnsafeBytes(body)
    }
}

extension UUIDv7 {
    private static let digits: StaticString = "0123456789abcdef"

    /// As `description` has it: 36 bytes.
    fileprivate func write(to buffer: UnsafeMutableRawBufferPointer) {
        var position = 0
        for (index, word) in [high, low].enumerated() {
            for step in 0..<16 {
                if (index == 0 && (step == 8 || step == 12)) || (index == 1 && (step == 0 || step == 4)) {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                buffer[position] = Self.digits.utf8Start[Int(word >> UInt64(60 - 4 * step) & 15)]
                position += 1
            }
        }
    }
}
