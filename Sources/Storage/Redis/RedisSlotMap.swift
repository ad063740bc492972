/// Which node of a cluster has which keys.
struct RedisSlotMap: Sendable, Equatable {
    static let slotCount = 16_384
    /// A cluster has at most about a thousand nodes by its own advice.
    private static let maximumNodes = 1_024

    /// Each once; slots point here.
    private(set) var nodes: [RedisEndpoint] = []
    private var owners = [Int16](repeating: -1, count: slotCount)

    /// Nil while nobody is known to have the slot.
    func owner(of slot: Int) -> RedisEndpoint? {
        let owner = Int(owners[slot])
        return owner < 0 ? nil : nodes[owner]
    }

    /// Learns what `MOVED` told.
    mutating func assign(_ slots: ClosedRange<Int>, to endpoint: RedisEndpoint) {
        guard slots.lowerBound >= 0, slots.upperBound < Self.slotCount else { return }
        let place: Int
        if let known = nodes.firstIndex(of: endpoint) {
            place = known
        } else {
            guard nodes.count < Self.maximumNodes else { return }
            place = nodes.count
            nodes.append(endpoint)
        }
        for slot in slots { owners[slot] = Int16(place) }
    }

    init() {}

    /// Reads the answer of `CLUSTER SLOTS`, where no host or an unknown one means `asked`. Nil if it is none.
    init?(_ reply: RedisReply, asked: RedisEndpoint) {
        guard let ranges = reply.array else { return nil }
        for range in ranges {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].integer,
                let last = parts[1].integer,
                let primary = parts[2].array, primary.count >= 2, let port = primary[1].integer,
                (0..<Int64(Self.slotCount)).contains(first), (first..<Int64(Self.slotCount)).contains(last),
                (1...65_535).contains(port)
            else { return nil }
            let host = primary[0].text.flatMap { $0.isEmpty || $0 == "?" ? nil : $0 } ?? asked.host
            assign(Int(first)...Int(last), to: RedisEndpoint(host: host, port: Int(port)))
        }
    }
}

extension RedisKey {
    /// The slot of the key, or of what stands between its first braces if that is not empty.
    var slot: Int {
        let bytes = Array(prefix.utf8) + Array(name.utf8)
        if let open = bytes.firstIndex(of: UInt8(ascii: "{")),
            let close = bytes[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            return Int(CRC16.of(bytes[(open + 1)..<close])) % RedisSlotMap.slotCount
        }
        return Int(CRC16.of(bytes[...])) % RedisSlotMap.slotCount
    }
}

/// CRC-16/XMODEM: polynomial 0x1021, from 0, nothing reflected.
enum CRC16 {
    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }

    static func of(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(0) { crc, byte in crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)] }
    }
}

/// What a node answers instead of doing a command that another node has to do.
enum RedisRedirect: Sendable, Equatable {
    /// For good.
    case moved(slot: Int, RedisEndpoint)
    /// For this command only.
    case ask(RedisEndpoint)
    /// The slot is on its way; soon it can be done.
    case tryAgain

    /// Nil for other errors. `asked` is who gave it.
    init?(_ refusal: RedisRefusal, asked: RedisEndpoint) {
        if refusal.code == "TRYAGAIN" {
            self = .tryAgain
            return
        }
        let words = refusal.text.split(separator: " ")
        guard words.count >= 3, let slot = Int(words[1]), (0..<RedisSlotMap.slotCount).contains(slot),
            let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        // Addresses of version 6 stand here without brackets.
        let host = words[2][..<colon]
        let endpoint = RedisEndpoint(host: host.isEmpty ? asked.host : String(host), port: port)
        switch words[0] {
        case "MOVED": self = .moved(slot: slot, endpoint)
        case "ASK": self = .ask(endpoint)
        default: return nil
        }
    }
}
