/// Cuts what a server sends over a WebSocket into frames; what has come of a frame in part is kept.
struct FrameReader {
    static let text: UInt8 = 0x1, close: UInt8 = 0x8, ping: UInt8 = 0x9

    private static let mostBytes = 1 << 20

    private var rest: [UInt8] = []

    /// Hands over the opcode and the payload of each frame that is whole. Throws at one that is masked, in parts or
    /// above a mebibyte: none such is due from a server here.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ take: (UInt8, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard !rest.isEmpty else {
            let used = try Self.cut(bytes, take)
            if used < bytes.count { rest.append(contentsOf: bytes[used...]) }
            return
        }
        rest.append(contentsOf: bytes)
        let used = try rest.withUnsafeBytes { try Self.cut($0, take) }
        rest.removeFirst(used)
    }

    /// How many bytes were whole frames.
    private static func cut(
        _ bytes: UnsafeRawBufferPointer, _ take: (UInt8, UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        var start = 0
        while bytes.count - start >= 2 {
            let (head, length) = (bytes[start], bytes[start + 1])
            guard head & 0xF0 == 0x80, length < 0x80 else {
                throw RunFailure("a frame is masked or in parts")
            }
            let wide = length == 126 ? 2 : length == 127 ? 8 : 0
            guard bytes.count - start - 2 >= wide else { break }
            let begin = start + 2 + wide
            let count =
                wide == 0
                ? Int(length) : bytes[start + 2..<begin].reduce(0) { ($0 & mostBits) << 8 | Int($1) }
            guard count <= mostBytes else { throw RunFailure("a frame has \(count) bytes") }
            guard bytes.count - begin >= count else { break }
            try take(head & 0x0F, UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + count]))
            start = begin + count
        }
        return start
    }

    /// Room for eight bits more.
    private static let mostBits = Int.max >> 8
}
