import Identity
import Kernel
import Testing

/// What every `IdentityStore` promises about a person's sessions and password.
@Suite struct IdentityStoreSessionContract {
    @Test(arguments: IdentityStoreAdapter.all, [PageRequest.Order.newestFirst, .oldestFirst])
    func `a person's sessions are listed in pages, without those that are over`(
        _ adapter: IdentityStoreAdapter, _ order: PageRequest.Order
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let time = Timestamp(milliseconds: 1_850_000_000_000)
            let live = (0..<5).map { _ in LoginSession.sample(of: user.id, until: time + .milliseconds(1)) }
            var ended = LoginSession.sample(of: user.id)
            ended.isRevoked = true
            let over = [
                ended, .sample(of: user.id, until: time), .sample(of: UserID(), until: time + .seconds(9)),
            ]
            try await stage.write(tenant.id) { writer in for each in live + over { try writer.save(each) } }
            let expected = order == .newestFirst ? live.reversed() : live
            var seen: [LoginSession] = []
            var after: UUIDv7?
            repeat {
                let request = PageRequest(limit: 2, after: after, order: order)
                let page = try await stage.store.read(tenant.id) {
                    try $0.sessions(of: user.id, at: time, request)
                }
                #expect(page.items.count <= 2)
                seen += page.items
                after = page.next
            } while after != nil
            #expect(seen == expected)
            let (stranger, _) = try await stage.founded("eve@example.com")
            let others = try await stage.store.read(stranger.id) {
                try $0.sessions(of: user.id, at: time, PageRequest(limit: 10))
            }
            #expect(others.items.isEmpty)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `sessions that ran out are forgotten, of all teams and however many, ended ones not sooner`(
        _ adapter: IdentityStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let time = Timestamp(milliseconds: 1_850_000_000_000)
            var kept: [TenantID: [LoginSession]] = [:]
            var gone: [TenantID: [LoginSession]] = [:]
            for (email, count) in [("a@example.com", 1_200), ("eve@example.com", 3)] {
                let (tenant, user) = try await stage.founded(email)
                var ended = LoginSession.sample(of: user.id, until: time + .seconds(1))
                ended.isRevoked = true
                let stays = [ended, .sample(of: user.id, until: time), .sample(of: user.id)]
                var goes = (0..<count).map { number in
                    LoginSession.sample(of: user.id, until: time - .milliseconds(1 + number))
                }
                goes[0].isRevoked = true
                let all = stays + goes
                try await stage.write(tenant.id) { writer in for each in all { try writer.save(each) } }
                (kept[tenant.id], gone[tenant.id]) = (stays, goes)
            }
            #expect(try await stage.store.removeSessions(runOutBefore: time) == 1_203)
            #expect(try await stage.store.removeSessions(runOutBefore: time) == 0)
            for (tenant, sessions) in kept {
                let (stays, goes) = (sessions, gone[tenant] ?? [])
                try await stage.store.read(tenant) { reader throws in
                    for each in stays { #expect(try reader.session(each.id) == each) }
                    for each in goes.prefix(3) { #expect(try reader.session(each.id) == nil) }
                }
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `all sessions of a person but one are ended, and named once`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let sessions = (0..<4).map { _ in LoginSession.sample(of: user.id) }
            let other = LoginSession.sample(of: UserID())
            try await stage.write(tenant.id) { writer in
                for each in sessions + [other] { try writer.save(each) }
            }
            @Sendable func end(in tenant: TenantID) async throws -> Set<SessionID> {
                try await stage.store.write(WriteContext(tenant: tenant)) { writer in
                    Set(try writer.endSessions(of: user.id, except: sessions[1].id))
                }
            }
            let (stranger, _) = try await stage.founded("eve@example.com")
            #expect(try await end(in: stranger.id).isEmpty)
            #expect(try await end(in: tenant.id) == Set([0, 2, 3].map { sessions[$0].id }))
            #expect(try await end(in: tenant.id).isEmpty)
            try await stage.store.read(tenant.id) { reader throws in
                for (place, session) in sessions.enumerated() {
                    #expect(try reader.session(session.id)?.isRevoked == (place != 1))
                }
                #expect(try reader.session(other.id) == other)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a password is replaced with the person, whole or not at all`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        struct Refusal: Error {}
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let (stranger, _) = try await stage.founded("eve@example.com")
            @Sendable func password() async throws -> String? {
                let login = try await stage.store.login(email: user.email)
                return login?.passwordHash
            }
            await #expect(throws: Refusal.self) {
                try await stage.write(tenant.id) { writer in
                    try writer.save(user, passwordHash: "lost")
                    throw Refusal()
                }
            }
            try await stage.write(stranger.id) { try $0.save(user, passwordHash: "stolen") }
            try await stage.write(tenant.id) { try $0.save(user) }
            #expect(try await password() == "hash of \(user.email)")
            try await stage.write(tenant.id) { writer in
                var user = user
                user.name = "New"
                try writer.save(user, passwordHash: "another")
            }
            #expect(try await password() == "another")
            #expect(try await stage.store.login(email: user.email)?.user == user.id)
            #expect(try await stage.store.read(tenant.id) { try $0.user(user.id)?.name } == "New")
        }
    }
}
