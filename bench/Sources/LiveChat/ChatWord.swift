import Foundation

/// What a frame of the chat says, as far as a listener must know that counts.
///
/// Looks for the few letters it needs where the product writes them. A frame that is written otherwise is none of these,
/// its message is missed, and that is an error.
enum ChatWord: Equatable {
    case message(seq: Int64)
    /// With the newest entry of its room, if it has one.
    case welcome(lastSeq: Int64?)
    /// A refusal, a gap, a farewell: none of them is due under the loads here.
    case alarm(String)
    case other

    private static let lead = Array(#"{"type":""#.utf8)
    private static let seq = Array(#""seq":"#.utf8)
    private static let lastSeq = Array(#""lastSeq":"#.utf8)

    init(_ payload: UnsafeRawBufferPointer) {
        let lead = Self.lead
        guard payload.count > lead.count, let start = payload.baseAddress,
            memcmp(start, lead, lead.count) == 0
        else {
            self = .other
            return
        }
        switch payload[lead.count] {
        case UInt8(ascii: "m"): self = Self.number(Self.seq, in: payload).map { .message(seq: $0) } ?? .other
        case UInt8(ascii: "w"): self = .welcome(lastSeq: Self.number(Self.lastSeq, in: payload))
        case UInt8(ascii: "e"), UInt8(ascii: "g"), UInt8(ascii: "d"):
            self = .alarm(String(decoding: payload.prefix(300), as: UTF8.self))
        default: self = .other
        }
    }

    /// The first behind that key.
    private static func number(_ key: [UInt8], in payload: UnsafeRawBufferPointer) -> Int64? {
        guard let start = payload.baseAddress, payload.count >= key.count else { return nil }
        guard
            let found = (0...payload.count - key.count).first(where: {
                payload[$0] == key[0] && memcmp(start + $0, key, key.count) == 0
            })
        else { return nil }
        var value: Int64?
        for byte in payload[(found + key.count)...].prefix(18) {
            guard (0x30...0x39).contains(byte) else { break }
            value = (value ?? 0) * 10 + Int64(byte - 0x30)
        }
        return value
    }
}
