import Kernel
import Testing

@testable import Redis

/// How Redis URLs are read.
@Suite struct RedisAddressTests {
    private static func one(_ host: String, _ port: Int) -> RedisAddress.Topology {
        .single(RedisEndpoint(host: host, port: port))
    }

    @Test func `one server is named by host, port, login and database`() throws {
        #expect(
            try RedisAddress(parsing: "redis://localhost")
                == RedisAddress(topology: Self.one("localhost", 6379)))
        let address = try RedisAddress(parsing: "redis://anna:p%40ss%3A@10.0.0.1:7000/3")
        #expect(
            address
                == RedisAddress(
                    topology: Self.one("10.0.0.1", 7000), login: .init(user: "anna", password: "p@ss:"),
                    database: 3))
        #expect(try RedisAddress(parsing: "redis://:pw@[::1]:1/").login == .init(user: nil, password: "pw"))
        #expect(try RedisAddress(parsing: "redis://[fe80::1]").topology == Self.one("fe80::1", 6379))
    }

    @Test func `TLS may bring its own authority and a certificate`() throws {
        #expect(try RedisAddress(parsing: "rediss://h").tls == RedisAddress.TLS())
        #expect(
            try RedisAddress(parsing: "rediss://h/0?ca=/etc/ca.pem&cert=/c.pem&key=/k.pem").tls
                == RedisAddress.TLS(authorities: "/etc/ca.pem", certificate: "/c.pem", key: "/k.pem"))
    }

    @Test func `Sentinels name a service`() throws {
        let address = try RedisAddress(
            parsing: "redis-sentinel://:pw@a:1,b,[::1]:3/main?db=2&sentinel-password=s&tls=true&ca=x")
        let sentinels = [("a", 1), ("b", 26_379), ("::1", 3)].map { RedisEndpoint(host: $0.0, port: $0.1) }
        #expect(
            address
                == RedisAddress(
                    topology: .sentinel(sentinels, service: "main"), login: .init(user: nil, password: "pw"),
                    sentinelLogin: .init(user: nil, password: "s"), database: 2,
                    tls: .init(authorities: "x")))
    }

    @Test func `a cluster is named by some of its nodes`() throws {
        let address = try RedisAddress(parsing: "redis-cluster://u:p@a:1,b:2?tls=false")
        #expect(
            address.topology
                == .cluster([RedisEndpoint(host: "a", port: 1), RedisEndpoint(host: "b", port: 2)]))
        #expect(address.tls == nil)
    }

    @Test(arguments: [
        ("localhost:6379", "scheme"), ("http://h", "unknown scheme"), ("redis://", "host"),
        ("redis://h:0", "host:port"), ("redis://h:65536", "host:port"), ("redis://h:+1", "host:port"),
        ("redis://h:", "host:port"), ("redis://a b", "host:port"), ("redis://[::1", "host:port"),
        ("redis://a,b", "several hosts"), ("redis://h/x", "no number"), ("redis://h/-1", "no number"),
        ("redis://h/1/2", "no number"), ("redis://user@h", "without a password"),
        ("redis://u:@h", "without a password"),
        ("redis://:a@b@h", "%40"), ("redis://:%zz@h", "hexadecimal"), ("redis://:%f@h", "hexadecimal"),
        ("redis://:%ff@h", "UTF-8"), ("redis://h#x", "%23"), ("redis://h?x=1", "\"x\""),
        ("redis://h?ca=/x", "no TLS"),
        ("rediss://h?cert=/x", "both"), ("rediss://h?ca=a&ca=b", "twice"), ("rediss://h?ca", "name=value"),
        ("rediss://h?ca=", "name=value"), ("redis-sentinel://h", "service"),
        ("redis-sentinel://h/", "service"),
        ("redis-sentinel://h/a/b", "service"), ("redis-sentinel://h/s?db=x", "no number"),
        ("redis-sentinel://h/s?tls=yes", "true nor false"),
        ("redis-sentinel://h/s?sentinel-user=x", "without"),
        ("redis-cluster://h/0", "path"), ("redis-cluster://a,,b", "host:port"),
    ])
    func `anything else is refused with its reason`(_ url: String, _ reason: String) {
        do {
            _ = try RedisAddress(parsing: url)
            Issue.record("\(url) was read")
        } catch {
            let failure = error as? Failure
            #expect(failure?.code == "invalid_redis_url")
            #expect(failure?.detail.contains(reason) == true, "\(failure?.detail ?? "")")
        }
    }

    @Test func `a refusal never repeats the password`() {
        for url in ["redis://u:secret@h:x", "redis://:secret@h?y=secret", "redis://:secret@h/secret"] {
            let failure = #expect(throws: Failure.self) { try RedisAddress(parsing: url) }
            #expect(failure?.detail.contains("secret") == false)
        }
    }
}
