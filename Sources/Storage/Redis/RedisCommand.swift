import NIOCore

/// A key or channel below a prefix, kept apart so that no string is made of them.
struct RedisKey: Sendable, Equatable {
    var prefix: String
    var name: String

    init(_ prefix: String, _ name: String) {
        self.prefix = prefix
        self.name = name
    }

    var byteCount: Int { prefix.utf8.count + name.utf8.count }
}

/// A command of at most one key.
struct RedisCommand: Sendable {
    enum Argument: Sendable {
        case text(String)
        case bytes([UInt8])
        case integer(Int64)
    }

    let name: StaticString
    /// Before the key.
    var leading: [Argument] = []
    var key: RedisKey?
    /// Behind the key.
    var trailing: [Argument] = []
    /// Whether it may be sent again when it is unknown whether it was done.
    var isIdempotent = false
}

extension RedisCommand {
    private var partCount: Int { 1 + leading.count + (key == nil ? 0 : 1) + trailing.count }

    /// At least as many as it takes.
    private var maximumBytes: Int {
        // Lengths and line ends of a part take at most 25 bytes.
        var bytes = 25 * (partCount + 1) + name.utf8CodeUnitCount + (key?.byteCount ?? 0)
        for argument in leading { bytes += argument.maximumBytes }
        for argument in trailing { bytes += argument.maximumBytes }
        return bytes
    }

    /// Appends itself in RESP; returns the number of bytes.
    func encode(into buffer: inout ByteBuffer) -> Int {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: maximumBytes) { bytes in
            var writer = RESPWriter(bytes)
            writer.head("*", partCount)
            writer.head("$", name.utf8CodeUnitCount)
            writer.raw(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            writer.lineEnd()
            for argument in leading { writer.bulk(argument) }
            if let key {
                writer.head("$", key.byteCount)
                writer.raw(key.prefix)
                writer.raw(key.name)
                writer.lineEnd()
            }
            for argument in trailing { writer.bulk(argument) }
            return writer.count
        }
    }
}

extension RedisCommand.Argument {
    fileprivate var maximumBytes: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .integer: 20
        }
    }
}

/// Writes RESP into room that is known to suffice; bounds are checked by the buffer's subscripts in debug alone.
private struct RESPWriter {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    mutating func head(_ mark: Unicode.Scalar, _ number: Int) {
        byte(UInt8(ascii: mark))
        decimal(number)
        lineEnd()
    }

    mutating func bulk(_ argument: RedisCommand.Argument) {
        switch argument {
        case .text(let text):
            head("$", text.utf8.count)
            raw(text)
        case .bytes(let bytes):
            head("$", bytes.count)
            bytes.withUnsafeBytes { raw($0) }
        case .integer(let number):
            let text = String(number)
            head("$", text.utf8.count)
            raw(text)
        }
        lineEnd()
    }

    mutating func raw(_ text: String) {
        let isCopied: Void? = text.utf8.withContiguousStorageIfAvailable { raw(UnsafeRawBufferPointer($0)) }
        if isCopied == nil { for unit in text.utf8 { byte(unit) } }
    }

    mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: room[count..<(count + bytes.count)]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func lineEnd() {
        byte(UInt8(ascii: "\r"))
        byte(UInt8(ascii: "\n"))
    }

    private mutating func byte(_ byte: UInt8) {
        room[count] = byte
        count += 1
    }

    /// `number` is not negative.
    private mutating func decimal(_ number: Int) {
        if number < 10 {
            byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number))
            return
        }
        decimal(number / 10)
        byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }
}
