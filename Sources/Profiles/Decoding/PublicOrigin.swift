private import Foundation

/// Rules about `http(s)://host[:port]`.
enum PublicOrigin {
    static func isValid(_ text: String) -> Bool {
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else {
            return false
        }
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard parts.scheme == "http" || parts.scheme == "https", parts.user == nil, parts.password == nil,
            parts.path.isEmpty, parts.query == nil, parts.fragment == nil
        else { return false }
        guard parts.port.map({ (1...65_535).contains($0) }) ?? !text.hasSuffix(":") else { return false }
        return bare.utf8.allSatisfy { isPartOfHost($0) } || bare.utf8.allSatisfy { isPartOfIPv6($0) }
    }

    /// Whether tokens would cross the open network unencrypted.
    static func needsTLS(_ origin: String) -> Bool {
        guard let parts = URLComponents(string: origin), parts.scheme == "http", let host = parts.host else {
            return false
        }
        return !isPrivate(host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased())
    }

    /// Loopback, the private ranges, and names without a public registry.
    private static func isPrivate(_ host: String) -> Bool {
        if host.contains(":") {
            return host == "::1" || ["fc", "fd", "fe80:"].contains { host.hasPrefix($0) }
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { UInt8($0) }
        guard parts.count == 4, numbers.count == 4 else {
            return parts.count == 1 || ["localhost", "local", "internal", "test"].contains(parts.last)
        }
        switch (numbers[0], numbers[1]) {
        case (127, _), (10, _), (192, 168), (169, 254), (172, 16...31): return true
        default: return false
        }
    }

    static func isPartOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func isPartOfIPv6(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
