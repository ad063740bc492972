import Kernel
import Testing

@testable import Identity

/// What every `IdentityStore` promises about its writes: whole, once, and with their events.
@Suite struct IdentityStoreWriteContract {
    private struct Refusal: Error {}

    @Test(arguments: IdentityStoreAdapter.all)
    func `a body that fails changes nothing and publishes nothing`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, user) = (Tenant.sample(), User.sample())
            await #expect(throws: Refusal.self) {
                try await stage.write(tenant.id) { writer in
                    try writer.insert(tenant, placement: stage.placement)
                    try writer.insert(user, passwordHash: "h")
                    try writer.publish(UserJoined(user: user.id, role: .member), key: "k")
                    throw Refusal()
                }
            }
            #expect(try await stage.store.read(tenant.id) { try $0.tenant() } == nil)
            #expect(try await stage.store.read(tenant.id) { try $0.user(user.id) } == nil)
            #expect(try await stage.store.login(email: user.email) == nil)
            #expect(try await stage.directory.placement(of: tenant.id) == nil)
            #expect(try await stage.published().isEmpty)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `events are told with the write, in its order, tenant and trace`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, users) = (TenantID(), (0..<3).map { _ in UserID() })
            _ = try await stage.store.write(WriteContext(tenant: tenant, traceParent: "00-trace")) { writer in
                for user in users {
                    try writer.publish(UserJoined(user: user, role: .admin), key: "key \(user)")
                }
                return 1
            }
            let events = try await stage.published()
            #expect(try events.map { try $0.payload(UserJoined.self).user } == users)
            #expect(events.map(\.key) == users.map { "key \($0)" })
            #expect(events.allSatisfy { $0.tenant == tenant && $0.traceParent == "00-trace" })
            #expect(Set(events.map(\.id)).count == 3)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a repeated write answers what the first did and changes nothing`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let once = OnceKey(scope: "route", key: "k", digest: "d")
            for name in ["first", "second", "third"] {
                let answer = try await stage.store.write(WriteContext(tenant: tenant.id, once: once)) {
                    writer in
                    var user = user
                    user.name = name
                    try writer.save(user)
                    try writer.publish(UserJoined(user: user.id, role: .member), key: "k")
                    return user
                }
                #expect(answer.name == "first")
            }
            #expect(try await stage.store.read(tenant.id) { try $0.user(user.id)?.name } == "first")
            #expect(try await stage.published().count == 1)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a key with another digest is a conflict, with another scope or keeper another write`(
        _ adapter: IdentityStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, other) = (TenantID(), TenantID())
            func write(_ tenant: TenantID, _ once: OnceKey, _ value: Int) async throws -> Int {
                try await stage.store.write(WriteContext(tenant: tenant, once: once)) { _ in value }
            }
            #expect(try await write(tenant, OnceKey(scope: "s", key: "k", digest: "1"), 1) == 1)
            let code = await failureCode {
                _ = try await write(tenant, OnceKey(scope: "s", key: "k", digest: "2"), 2)
            }
            #expect(code == "idempotency_key_reused")
            #expect(try await write(tenant, OnceKey(scope: "t", key: "k", digest: "2"), 3) == 3)
            #expect(try await write(other, OnceKey(scope: "s", key: "k", digest: "2"), 4) == 4)
            let kept = OnceKey(scope: "s", key: "k", digest: "2", keeper: .nobody)
            #expect(try await write(tenant, kept, 5) == 5)
            #expect(try await write(other, kept, 6) == 5)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a key whose write failed is free`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let context = WriteContext(tenant: TenantID(), once: OnceKey(scope: "s", key: "k", digest: "d"))
            await #expect(throws: Refusal.self) {
                try await stage.store.write(context) { _ -> Int in throw Refusal() }
            }
            #expect(try await stage.store.write(context) { _ in 7 } == 7)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `an event is applied once in effect by each consumer, however often it comes`(
        _ adapter: IdentityStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let session = LoginSession.sample(of: user.id)
            try await stage.write(tenant.id) { try $0.save(session) }
            let event = EventID()
            for consumer in ["one", "one", "two", "one", "two"] {
                try await stage.write(tenant.id, once: .event(event, consumer: consumer)) {
                    try $0.countUp(session.id)
                }
            }
            #expect(try await stage.store.read(tenant.id) { try $0.session(session.id)?.generation } == 3)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `applied by many at once, an event takes effect once`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let session = LoginSession.sample(of: user.id)
            try await stage.write(tenant.id) { try $0.save(session) }
            let events = (0..<5).map { _ in EventID() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for event in events + events + events + events {
                    group.addTask {
                        try await stage.write(tenant.id, once: .event(event, consumer: "one")) {
                            try $0.countUp(session.id)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await stage.store.read(tenant.id) { try $0.session(session.id)?.generation } == 6)
            #expect(try await stage.published().count == 5)
        }
    }
}

extension IdentityWriter {
    /// An effect that shows how often it happened.
    fileprivate func countUp(_ id: SessionID) throws {
        guard var session = try session(id) else { throw Failure.notFound("session") }
        session.generation += 1
        try save(session)
        try publish(UserRemoved(user: session.user, by: session.user), key: "k")
    }
}
