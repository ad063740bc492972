import Kernel

extension RedisAddress {
    private static let schemes = ["redis", "rediss", "redis-sentinel", "redis-cluster"]

    /// Reads `scheme://[[user]:password@]host[:port][,host[:port]...][/path][?option=value[&...]]`.
    ///
    /// The path is the number of the database, for `redis-sentinel` the name of the service. Options: `ca`, `cert`,
    /// `key` (files in PEM; each needs TLS), and for Sentinel and Cluster `tls=true`; for Sentinel also `db`,
    /// `sentinel-user`, `sentinel-password`. Throws `invalid_redis_url`, which never repeats a password.
    init(parsing url: String) throws {
        guard let schemeEnd = url.firstRange(of: "://") else { throw Self.refusal("has no scheme") }
        let scheme = String(url[..<schemeEnd.lowerBound])
        guard Self.schemes.contains(scheme) else {
            throw Self.refusal("has an unknown scheme; known are \(Self.schemes.joined(separator: ", "))")
        }
        var rest = url[schemeEnd.upperBound...]
        guard !rest.contains("#") else { throw Self.refusal("has a fragment; write # as %23") }
        var options = try Self.options(Self.cut(&rest, at: "?"))
        let path = try Self.decoded(Self.cut(&rest, at: "/") ?? "")
        login = try Self.login(&rest)
        let endpoints = try Self.endpoints(rest, defaultPort: scheme == "redis-sentinel" ? 26_379 : 6_379)
        switch scheme {
        case "redis-sentinel":
            guard !path.isEmpty, !path.contains("/") else {
                throw Self.refusal("lacks the service, as in host:26379/service")
            }
            topology = .sentinel(endpoints, service: path)
            database = try Self.database(options.removeValue(forKey: "db") ?? "")
            sentinelLogin = try Self.sentinelLogin(&options)
        case "redis-cluster":
            guard path.isEmpty else { throw Self.refusal("has a path; a cluster has one database") }
            topology = .cluster(endpoints)
        default:
            guard endpoints.count == 1 else {
                throw Self.refusal("has several hosts; that is for redis-sentinel and redis-cluster")
            }
            topology = .single(endpoints[0])
            database = try Self.database(path)
        }
        tls = try Self.tls(scheme, &options)
        if let unknown = options.keys.min() { throw Self.refusal("has an unknown option \"\(unknown)\"") }
    }

    private static func refusal(_ reason: String) -> Failure {
        Failure(.invalid, "invalid_redis_url", "The Redis URL \(reason).")
    }

    /// Removes `separator` and what follows it; nil if it is not there.
    private static func cut(_ text: inout Substring, at separator: Character) -> Substring? {
        guard let place = text.firstIndex(of: separator) else { return nil }
        defer { text = text[..<place] }
        return text[text.index(after: place)...]
    }

    private static func options(_ text: Substring?) throws -> [String: String] {
        guard let text, !text.isEmpty else { return [:] }
        var options: [String: String] = [:]
        for pair in text.split(separator: "&", omittingEmptySubsequences: false) {
            var name = pair
            guard let value = cut(&name, at: "="), !name.isEmpty, !value.isEmpty else {
                throw refusal("has an option that is not name=value")
            }
            guard options.updateValue(try decoded(value), forKey: String(name)) == nil else {
                throw refusal("has the option \"\(name)\" twice")
            }
        }
        return options
    }

    private static func login(_ rest: inout Substring) throws -> Login? {
        guard let end = rest.lastIndex(of: "@") else { return nil }
        var user = rest[..<end]
        rest = rest[rest.index(after: end)...]
        guard let password = cut(&user, at: ":"), !password.isEmpty else {
            throw refusal("has a user without a password")
        }
        guard !password.contains("@") else { throw refusal("has an @ in the password; write it as %40") }
        return Login(user: user.isEmpty ? nil : try decoded(user), password: try decoded(password))
    }

    private static func sentinelLogin(_ options: inout [String: String]) throws -> Login? {
        let user = options.removeValue(forKey: "sentinel-user")
        guard let password = options.removeValue(forKey: "sentinel-password") else {
            guard user == nil else { throw refusal("has sentinel-user without sentinel-password") }
            return nil
        }
        return Login(user: user, password: password)
    }

    private static func endpoints(_ text: Substring, defaultPort: Int) throws -> [RedisEndpoint] {
        let endpoints = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let endpoint = RedisEndpoint(part, defaultPort: defaultPort) else {
                throw refusal("has a host that is not host:port")
            }
            return endpoint
        }
        guard endpoints.count <= 100 else { throw refusal("has more than 100 hosts") }
        guard !endpoints.isEmpty else { throw refusal("has no host") }
        return endpoints
    }

    private static func database(_ text: String) throws -> Int {
        guard !text.isEmpty else { return 0 }
        guard text.allSatisfy({ "0123456789".contains($0) }), let number = Int(text), number < 1_000_000
        else {
            throw refusal("has a database that is no number")
        }
        return number
    }

    private static func tls(_ scheme: String, _ options: inout [String: String]) throws -> TLS? {
        var isOn = scheme == "rediss"
        if scheme == "redis-sentinel" || scheme == "redis-cluster",
            let value = options.removeValue(forKey: "tls")
        {
            guard value == "true" || value == "false" else {
                throw refusal("has an option tls that is neither true nor false")
            }
            isOn = value == "true"
        }
        let tls = TLS(
            authorities: options.removeValue(forKey: "ca"), certificate: options.removeValue(forKey: "cert"),
            key: options.removeValue(forKey: "key"))
        guard isOn || tls == TLS() else { throw refusal("has certificates but no TLS") }
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw refusal("has one of cert and key; it needs both")
        }
        return isOn ? tls : nil
    }

    /// Undoes percent-encoding.
    private static func decoded(_ text: Substring) throws -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2,
                digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            else { throw refusal("has a % that two hexadecimal digits do not follow") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { throw refusal("is not UTF-8") }
        return string
    }
}
