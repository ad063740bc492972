/// What a server answers.
enum RedisReply: Sendable, Equatable {
    case null
    case integer(Int64)
    case bytes([UInt8])
    /// A short word, such as `OK`.
    case status(String)
    case error(RedisRefusal)
    case array([RedisReply])
}

/// An error as the server words it, such as `MOVED 3999 10.0.0.1:6379`.
struct RedisRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    let text: String

    /// Its first word, in capitals by convention.
    var code: Substring { text.prefix { $0 != " " } }

    var description: String { text }
}

extension RedisReply {
    /// As text, if it is a word or bytes that are UTF-8.
    var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var array: [RedisReply]? {
        guard case .array(let replies) = self else { return nil }
        return replies
    }
}
