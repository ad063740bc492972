import Testing

@testable import Redis

/// Who listens to what, and what the server is told.
@Suite struct RedisSubscriptionTableTests {
    @Test func `the first asks the server, others wait with it or begin at once`() {
        var table = RedisSubscriptionTable()
        #expect(table.join(1, "a") == [.subscribe("a")])
        #expect(table.join(2, "a") == [])
        #expect(table.listeners(of: "a") == [])
        #expect(table.confirmSubscribed("a") == [.begin(1), .begin(2)])
        #expect(table.join(3, "a") == [.begin(3)])
        #expect(table.listeners(of: "a") == [1, 2, 3])
        #expect(table.join(4, "b") == [.subscribe("b")])
        #expect(table.count == 2)
    }

    @Test func `the last to leave tells the server`() {
        var table = RedisSubscriptionTable()
        _ = table.join(1, "a")
        _ = table.join(2, "a")
        _ = table.confirmSubscribed("a")
        #expect(table.leave(1, "a") == [])
        #expect(table.leave(1, "a") == [])
        #expect(table.leave(2, "a") == [.unsubscribe("a")])
        #expect(table.contains("a"))
        #expect(table.confirmUnsubscribed("a") == [])
        #expect(table.count == 0)
        #expect(table.leave(2, "a") == [])
    }

    @Test func `who comes while it is left waits for both answers`() {
        var table = RedisSubscriptionTable()
        _ = table.join(1, "a")
        _ = table.confirmSubscribed("a")
        _ = table.leave(1, "a")
        #expect(table.join(2, "a") == [])
        #expect(table.listeners(of: "a") == [])
        #expect(table.confirmUnsubscribed("a") == [.subscribe("a")])
        #expect(table.confirmSubscribed("a") == [.begin(2)])
    }

    @Test func `who leaves before the answer leaves nothing behind`() {
        var table = RedisSubscriptionTable()
        _ = table.join(1, "a")
        #expect(table.leave(1, "a") == [])
        #expect(table.confirmSubscribed("a") == [.unsubscribe("a")])
        #expect(table.confirmUnsubscribed("a") == [])
        #expect(table.count == 0)
        _ = table.join(1, "b")
        _ = table.leave(1, "b")
        _ = table.join(2, "b")
        #expect(table.confirmSubscribed("b") == [.begin(2)])
    }

    @Test func `a lost server knows nothing, and its late answers mean nothing`() {
        var table = RedisSubscriptionTable()
        _ = table.join(1, "a")
        _ = table.confirmSubscribed("a")
        table.lose()
        #expect(table.count == 0)
        #expect(table.confirmSubscribed("a") == [])
        #expect(table.confirmUnsubscribed("a") == [])
        #expect(table.join(2, "a") == [.subscribe("a")])
        #expect(table.confirmUnsubscribed("a") == [])
        #expect(table.confirmSubscribed("a") == [.begin(2)])
    }
}
