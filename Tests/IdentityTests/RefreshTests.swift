import Identity
import Kernel
import TestDatabase
import Testing

@Suite struct RefreshTests {
    @Test func `each refresh gives another token, and only the newest is good`() async throws {
        try await Stage.with { stage async throws in
            var tokens = [try await stage.signUp().tokens.refresh]
            for _ in 0..<5 { tokens.append(try await stage.refresh(tokens[tokens.count - 1])) }
            #expect(Set(tokens).count == 6)
        }
    }

    @Test func `using a token twice ends the whole family, but no other session`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let other = try await stage.accounts.signIn(email: "ada@example.com", password: Stage.password)
            let newer = try await stage.refresh(entry.tokens.refresh)
            #expect(await stage.refusal(entry.tokens.refresh) == "session_revoked")
            #expect(await stage.refusal(newer) == "session_revoked")
            #expect(try await stage.accounts.current(entry.claims(stage)) == nil)
            #expect(await stage.refusal(other.tokens.refresh) == nil)
        }
    }

    @Test func `of many uses at once at most one succeeds, and then the family ends`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let refusals = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<10 { group.addTask { await stage.refusal(entry.tokens.refresh) } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(refusals.count { $0 == nil } == 1)
            #expect(try await stage.accounts.current(entry.claims(stage)) == nil)
        }
    }

    @Test func `repeated with its once-key a refresh gives the same token and ends nothing`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let once = OnceKey(scope: "refresh", key: "k", digest: "d")
            let newer = try await stage.refresh(entry.tokens.refresh, once: once)
            for _ in 0..<3 { #expect(try await stage.refresh(entry.tokens.refresh, once: once) == newer) }
            #expect(newer != entry.tokens.refresh)
            #expect(await stage.refusal(newer) == nil)
        }
    }

    @Test func `repeats at once with one once-key all get the same token`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let once = OnceKey(scope: "refresh", key: "k", digest: "d")
            let tokens = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await stage.refresh(entry.tokens.refresh, once: once) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(tokens.count == 1)
            #expect(try await stage.accounts.current(entry.claims(stage)) != nil)
        }
    }

    @Test func `without its once-key the same token is a reuse`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            _ = try await stage.refresh(
                entry.tokens.refresh, once: OnceKey(scope: "refresh", key: "k", digest: "d"))
            let code = await stage.refusal(
                entry.tokens.refresh, once: OnceKey(scope: "refresh", key: "other", digest: "d"))
            #expect(code == "session_revoked")
        }
    }

    @Test func `a once-key gives nothing more once the session was revoked`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let once = OnceKey(scope: "refresh", key: "k", digest: "d")
            _ = try await stage.refresh(entry.tokens.refresh, once: once)
            try await stage.accounts.signOut(entry.claims(stage))
            #expect(await stage.refusal(entry.tokens.refresh, once: once) == "session_revoked")
        }
    }

    @Test func `a once-key gives nothing more once its answer was used, or ran out`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let once = OnceKey(scope: "refresh", key: "k", digest: "d")
            let newer = try await stage.refresh(entry.tokens.refresh, once: once)
            let newest = try await stage.refresh(newer)
            #expect(await stage.refusal(entry.tokens.refresh, once: once) == "session_revoked")
            // A repetition that comes late ends nobody's session.
            let later = OnceKey(scope: "refresh", key: "l", digest: "e")
            _ = try await stage.refresh(newest, once: later)
            stage.clock.advance(by: Stage.refreshLifetime)
            #expect(await stage.refusal(newest, once: later) == "session_revoked")
        }
    }

    @Test func `a session ends when nobody refreshed it for its lifetime`() async throws {
        try await Stage.with { stage async throws in
            var token = try await stage.signUp().tokens.refresh
            for _ in 0..<3 {
                stage.clock.advance(by: Stage.refreshLifetime - .milliseconds(1))
                token = try await stage.refresh(token)
            }
            stage.clock.advance(by: Stage.refreshLifetime)
            #expect(await stage.refusal(token) == "session_revoked")
        }
    }

    @Test func `a token used again is found out for as long as its session could live, and refused for ever`()
        async throws
    {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let gone = try await stage.accounts.signIn(email: "ada@example.com", password: Stage.password)
            stage.clock.advance(by: Stage.refreshLifetime - .milliseconds(1))
            let newer = try await stage.refresh(entry.tokens.refresh)
            // As long after the first token as it would have held by itself, twice over but for a moment.
            stage.clock.advance(by: Stage.refreshLifetime - .milliseconds(1))
            #expect(try await stage.store.removeSessions(runOutBefore: stage.clock.now) == 1)
            #expect(await stage.refusal(gone.tokens.refresh) == "session_revoked")
            #expect(await stage.refusal(entry.tokens.refresh) == "session_revoked")
            // Found out: the family is ended, also the newest of it, which was good until then.
            let session = try entry.claims(stage).session
            let known = try await stage.store.read(entry.tenant.id) { try $0.session(session) }
            #expect(known?.isRevoked == true)
            #expect(await stage.refusal(newer) == "session_revoked")
            #expect(try await stage.store.removeSessions(runOutBefore: stage.clock.now) == 0)
            stage.clock.advance(by: .seconds(1))
            #expect(try await stage.store.removeSessions(runOutBefore: stage.clock.now) == 1)
            for token in [entry.tokens.refresh, newer] {
                #expect(await stage.refusal(token) == "session_revoked")
            }
            #expect(try await stage.accounts.current(entry.claims(stage)) == nil)
        }
    }

    @Test func `what is no refresh token is refused`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let invitation = try await stage.accounts.invite(
                email: "bob@example.com", role: .member, by: entry.caller, once: nil)
            let stranger = stage.tokens.seal(
                SealedClaims(purpose: .refresh, tenant: TenantID(), subject: UUIDv7(), generation: 1))
            for token in ["", "nonsense", entry.tokens.access, invitation.token, stranger] {
                #expect(await stage.refusal(token) == "session_revoked")
            }
        }
    }

    @Test func `a removed person cannot refresh`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let bob = try await stage.join("bob@example.com", as: .member, by: owner.caller)
            try await stage.accounts.remove(bob.user.id, by: owner.caller, once: nil)
            #expect(await stage.refusal(bob.tokens.refresh) == "session_revoked")
            #expect(try await stage.accounts.current(bob.claims(stage)) == nil)
            let code = await failureCode {
                _ = try await stage.accounts.signIn(email: "bob@example.com", password: Stage.password)
            }
            #expect(code == "invalid_credentials")
        }
    }
}

extension Stage {
    func refresh(_ token: String, once: OnceKey? = nil) async throws -> String {
        try await accounts.refresh(token, once: once).tokens.refresh
    }

    func refusal(_ token: String, once: OnceKey? = nil) async -> String? {
        await failureCode { _ = try await accounts.refresh(token, once: once) }
    }
}
