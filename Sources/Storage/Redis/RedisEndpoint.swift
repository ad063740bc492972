/// Where one server listens.
package struct RedisEndpoint: Hashable, Sendable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host`, `host:port` or `[v6]:port`; nil if it is none of these.
    init?(_ text: Substring, defaultPort: Int) {
        var rest = text
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<end])
            rest = rest[end...]
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/?#@,".contains($0) }) else {
            return nil
        }
        if rest.isEmpty {
            port = defaultPort
            return
        }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.allSatisfy({ "0123456789".contains($0) }), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        self.port = port
    }
}

extension RedisEndpoint: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
