import Synchronization
import Testing

@testable import Kernel

@Suite struct SessionPositionsTests {
    private let cache = RecordingCache()
    private let caller = Caller(tenant: TenantID(), user: UserID(), role: .member)

    private var positions: SessionPositions { SessionPositions(cache, lifetime: .seconds(60)) }

    @Test func `what one node stores another loads`() async throws {
        #expect(await positions.store(Consistency(["main": 9]), caller))
        let loaded = try await SessionPositions(cache, lifetime: .seconds(60)).load(caller)
        #expect(loaded?.all == ["main": 9])
        #expect(loaded?.readsPrimary == false)
        #expect(cache.entries.keys.sorted() == ["consistency/\(caller.tenant)/\(caller.user)"])
        #expect(cache.lifetimes == [.seconds(60)])
    }

    @Test func `users and tenants do not share sessions`() async throws {
        await positions.store(Consistency(["main": 9]), caller)
        let neighbour = Caller(tenant: caller.tenant, user: UserID(), role: .member)
        let namesake = Caller(tenant: TenantID(), user: caller.user, role: .member)
        #expect(try await positions.load(neighbour)?.all.isEmpty == true)
        #expect(try await positions.load(namesake)?.all.isEmpty == true)
    }

    @Test func `a session that is not there reads everything, and is known from then on`() async throws {
        let session = try #require(await positions.load(caller))
        #expect(session.readsPrimary && session.all.isEmpty)
        session.advance("main", to: 4)
        await positions.store(session, caller)
        let next = try #require(await positions.load(caller))
        #expect(!next.readsPrimary && next.all == ["main": 4])
    }

    @Test func `a session goes back to no earlier place, whoever stores last`() async throws {
        await positions.store(Consistency(["main": 9]), caller)
        await positions.store(Consistency(["main": 7, "search": 1]), caller)
        #expect(try await positions.load(caller)?.all == ["main": 9, "search": 1])
    }

    @Test func `of requests at once none is forgotten`() async throws {
        for _ in 0..<50 {
            let caller = Caller(tenant: TenantID(), user: UserID(), role: .member)
            await withTaskGroup(of: Void.self) { group in
                for place in UInt64(1)...8 {
                    group.addTask {
                        await positions.store(Consistency(["main": place, "d\(place)": place]), caller)
                    }
                }
            }
            let stored = try #require(await positions.load(caller)).all
            #expect(stored.count == 9 && stored["main"] == 8, "\(stored)")
        }
    }

    @Test func `nothing is stored that is stored already, or of a session that knows nothing`() async throws {
        await positions.store(Consistency(), caller)
        await positions.store(Consistency(["main": 9]), caller)
        await positions.store(Consistency(["main": 9]), caller)
        await positions.store(Consistency(["main": 8]), caller)
        #expect(cache.lifetimes.count == 1)
    }

    @Test func `a cache that fails or holds nonsense leaves the session unknown`() async throws {
        cache.put("nonsense", for: "consistency/\(caller.tenant)/\(caller.user)")
        #expect(try await positions.load(caller) == nil)
        cache.fail()
        #expect(try await positions.load(caller) == nil)
        #expect(await positions.store(Consistency(["main": 9]), caller) == false)
    }

    @Test func `nonsense is replaced`() async throws {
        cache.put("nonsense", for: "consistency/\(caller.tenant)/\(caller.user)")
        await positions.store(Consistency(["main": 9]), caller)
        #expect(try await positions.load(caller)?.all == ["main": 9])
    }
}

/// A cache in memory that remembers how it was used, and can be made to fail.
private final class RecordingCache: Cache {
    private struct State {
        var entries: [String: [UInt8]] = [:]
        var lifetimes: [Duration] = []
        var isBroken = false
    }

    private let state = Mutex(State())

    var entries: [String: [UInt8]] { state.withLock { $0.entries } }
    var lifetimes: [Duration] { state.withLock { $0.lifetimes } }

    func fail() { state.withLock { $0.isBroken = true } }

    func put(_ text: String, for key: String) { state.withLock { $0.entries[key] = Array(text.utf8) } }

    func get(_ key: String) async throws -> [UInt8]? { try access { $0.entries[key] } }

    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        try access { state in
            state.entries[key] = value
            state.lifetimes.append(lifetime)
        }
    }

    func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        // Others come between looking and storing.
        await Task.yield()
        return try access { state in
            guard state.entries[key] == expected else { return false }
            state.entries[key] = value
            state.lifetimes.append(lifetime)
            return true
        }
    }

    func remove(_ key: String) async throws { try access { _ = $0.entries.removeValue(forKey: key) } }

    private func access<Value>(_ body: (inout State) -> Value) throws -> Value {
        try state.withLock { state in
            if state.isBroken { throw Failure.unavailable("The cache") }
            return body(&state)
        }
    }
}
