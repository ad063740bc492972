import Testing

@testable import Redis

/// Which node has which key.
@Suite struct RedisSlotMapTests {
    private static let a = RedisEndpoint(host: "10.0.0.1", port: 7000)

    @Test func `the checksum is that of XMODEM`() {
        #expect(CRC16.of(Array("123456789".utf8)[...]) == 0x31C3)
        #expect(CRC16.of([]) == 0)
    }

    /// As `CLUSTER KEYSLOT` answers.
    @Test(arguments: [
        ("foo", 12_182), ("bar", 5_061), ("", 0), ("{user1000}.following", 3_443),
        ("{user1000}.followers", 3_443),
        ("user1000", 3_443), ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("{bar", 4_015),
        ("foo{bar}{zap}", 5_061),
    ])
    func `a key has a slot, or its tag has`(_ key: String, _ slot: Int) {
        for cut in 0...key.count {
            #expect(RedisKey(String(key.prefix(cut)), String(key.dropFirst(cut))).slot == slot)
        }
    }

    @Test func `a cluster tells its slots`() throws {
        func node(_ host: RedisReply, _ port: Int64) -> RedisReply {
            .array([host, .integer(port), .bytes([1]), .array([])])
        }
        let reply = RedisReply.array([
            .array([
                .integer(0), .integer(100), node(.bytes(Array("10.0.0.2".utf8)), 7001), node(.null, 7009),
            ]),
            .array([.integer(101), .integer(101), node(.null, 7002)]),
            .array([.integer(200), .integer(16_383), node(.bytes([]), 7001)]),
        ])
        let map = try #require(RedisSlotMap(reply, asked: Self.a))
        #expect(map.owner(of: 0) == RedisEndpoint(host: "10.0.0.2", port: 7001))
        #expect(map.owner(of: 100) == RedisEndpoint(host: "10.0.0.2", port: 7001))
        #expect(map.owner(of: 101) == RedisEndpoint(host: "10.0.0.1", port: 7002))
        #expect(map.owner(of: 102) == nil)
        #expect(map.owner(of: 16_383) == RedisEndpoint(host: "10.0.0.1", port: 7001))
        #expect(map.nodes.count == 3)
    }

    @Test(arguments: [
        RedisReply.null, .array([.null]),
        .array([.array([.integer(0), .integer(16_384), .array([.null, .integer(1)])])]),
        .array([.array([.integer(5), .integer(4), .array([.null, .integer(1)])])]),
        .array([.array([.integer(0), .integer(1), .array([.null, .integer(0)])])]),
        .array([.array([.integer(0), .integer(1), .array([])])]),
    ])
    func `what is no list of slots is refused`(_ reply: RedisReply) {
        #expect(RedisSlotMap(reply, asked: Self.a) == nil)
    }

    @Test(arguments: [
        (
            "MOVED 3999 127.0.0.1:6381",
            RedisRedirect.moved(slot: 3999, RedisEndpoint(host: "127.0.0.1", port: 6381))
        ),
        ("MOVED 3999 :6381", .moved(slot: 3999, RedisEndpoint(host: "10.0.0.1", port: 6381))),
        ("MOVED 1 ::1:6381", .moved(slot: 1, RedisEndpoint(host: "::1", port: 6381))),
        ("ASK 3999 node.example:6381", .ask(RedisEndpoint(host: "node.example", port: 6381))),
        ("TRYAGAIN Multiple keys request during rehashing of slot", .tryAgain), ("MOVED", nil),
        ("MOVED x a:1", nil),
        ("MOVED 16384 a:1", nil), ("MOVED 1 a", nil), ("MOVED 1 a:0", nil), ("ERR 1 a:1", nil),
    ])
    func `an error may point to another node`(_ text: String, _ redirect: RedisRedirect?) {
        #expect(RedisRedirect(RedisRefusal(text: text), asked: Self.a) == redirect)
    }
}
