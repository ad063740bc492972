package import NIOHTTP1

/// Which requests go to which role.
package struct RouteRule: Sendable, Equatable {
    package struct HeaderCondition: Sendable, Equatable {
        package let name: String
        /// Compared without regard to case; nil for any value.
        package let value: String?

        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// For logs and metrics.
    package let name: String
    /// Whole segments: `/v1/chat` takes `/v1/chat` and `/v1/chat/7`, not `/v1/chatter`. `/` takes everything.
    package let prefix: String
    /// All must hold.
    package let headers: [HeaderCondition]
    package let role: String
    package let policy: BalancingPolicy

    package init(
        _ name: String, prefix: String = "/", headers: [HeaderCondition] = [], to role: String,
        policy: BalancingPolicy = .leastConnections
    ) {
        self.name = name
        self.prefix = prefix.count > 1 && prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        self.headers = headers
        self.role = role
        self.policy = policy
    }

    func takes(path: Substring, headers: HTTPHeaders) -> Bool {
        guard takes(path) else { return false }
        return self.headers.allSatisfy { condition in
            let values = headers[canonicalForm: condition.name]
            guard let wanted = condition.value else { return !values.isEmpty }
            return values.contains { $0.lowercased() == wanted.lowercased() }
        }
    }

    private func takes(_ path: Substring) -> Bool {
        if prefix == "/" { return true }
        guard path.utf8.starts(with: prefix.utf8) else { return false }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
}

/// The rules, the most particular first: longer prefixes, then more conditions, then as listed.
package struct RouteTable: Sendable {
    package let rules: [RouteRule]

    package init(_ rules: [RouteRule]) {
        self.rules = rules.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.prefix.utf8.count != b.prefix.utf8.count {
                return a.prefix.utf8.count > b.prefix.utf8.count
            }
            if a.headers.count != b.headers.count { return a.headers.count > b.headers.count }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// Nil if no rule takes it. `target` may have a query.
    package func rule(target: String, headers: HTTPHeaders) -> RouteRule? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        return rules.first { $0.takes(path: path, headers: headers) }
    }

    package var roles: Set<String> { Set(rules.map(\.role)) }
}
