private import Foundation

extension ValueForm where Value == String {
    static var text: Self {
        ValueForm("text", placeholder: "") { node throws(BadValue) in try node.text("text") }
    }

    /// Relative ones start at the working folder.
    static var path: Self {
        ValueForm("path", placeholder: "") { node throws(BadValue) in try node.text("a path") }
    }

    /// A name or an address to listen on.
    static var host: Self {
        ValueForm("host", "name or address, without a port", placeholder: "") { node throws(BadValue) in
            let host = try node.text("a host name or address")
            let isIPv6 = host.contains("::") || host.filter { $0 == ":" }.count >= 2
            let isNamed = host.utf8.allSatisfy { PublicOrigin.isPartOfHost($0) }
            guard isNamed || isIPv6 && host.utf8.allSatisfy({ PublicOrigin.isPartOfIPv6($0) }) else {
                throw BadValue("must be a host name or address without a port, is \(node.summary)")
            }
            return host
        }
    }

    /// Scheme, host and port of a web address.
    static var origin: Self {
        ValueForm("origin", "http(s)://host[:port]", placeholder: "") { node throws(BadValue) in
            let text = try node.text("an address such as https://example.com")
            guard PublicOrigin.isValid(text) else {
                throw BadValue(
                    "must be http(s)://host[:port] without a path or a final slash, is \(node.summary)")
            }
            return text
        }
    }
}

extension ValueForm where Value == NetworkRange {
    /// An address, or all that begin with some of its bits.
    static var network: Self {
        ValueForm("network", "address or address/bits", placeholder: .loopback) { node throws(BadValue) in
            guard let range = NetworkRange(try node.text("a network such as 10.0.0.0/8")) else {
                throw BadValue("must be an IP address or a network such as 10.0.0.0/8, is \(node.summary)")
            }
            return range
        }
    }
}

extension ValueForm where Value == PixelLimit {
    /// `limit` is that of either side.
    static func pixels(upTo limit: Int) -> Self {
        let expected = "a size such as 1920x1080, of 16 to \(limit) on either side"
        return ValueForm("pixels", "16x16 to \(limit)x\(limit)", placeholder: .init(width: 16, height: 16)) {
            node throws(BadValue) in
            let sides = try node.scalar(expected).text.split(separator: "x", omittingEmptySubsequences: false)
            guard sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]),
                (16...limit).contains(width), (16...limit).contains(height)
            else { throw BadValue("must be \(expected); is \(node.summary)") }
            return PixelLimit(width: width, height: height)
        }
    }
}

extension ValueForm where Value == SecretReference {
    /// Processes without any of `roles` need not have it.
    static func secret(_ kind: SecretKind, for roles: Set<ProcessRole> = []) -> Self {
        let expected = "file:PATH or env:NAME"
        return ValueForm(
            "secret", expected, placeholder: .env("NONE"), secret: .init(kind: kind, roles: roles)
        ) {
            node throws(BadValue) in
            // What stands here may be the secret itself: it must not be repeated.
            guard case .scalar(let scalar) = node.content, let reference = SecretReference(scalar.text) else {
                throw BadValue("must be \(expected): where the secret is, never the secret itself")
            }
            return reference
        }
    }
}
