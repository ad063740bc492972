import Identity
import Kernel
import TestDatabase
import Testing

@Suite struct SignInTests {
    @Test func `signing up makes a team with one owner, and tells of both`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            #expect(entry.user.role == .owner)
            #expect(entry.user.email == "ada@example.com")
            #expect(entry.tenant.slug == "ada-s")
            #expect(entry.tenant.region == "eu")
            #expect(entry.tenant.createdAt == stage.clock.now)
            let profile = try await stage.accounts.profile(of: entry.caller)
            #expect(profile.user == entry.user)
            #expect(profile.tenant == entry.tenant)
            let events = try await stage.events()
            #expect(events.map(\.type) == [TenantCreated.type, UserJoined.type])
            #expect(events.allSatisfy { $0.tenant == entry.tenant.id })
            #expect(try events[0].payload(TenantCreated.self).owner == entry.user.id)
        }
    }

    @Test func `an address signs up once, in whatever case`() async throws {
        try await Stage.with { stage async throws in
            _ = try await stage.signUp("ada@example.com")
            let code = await failureCode { _ = try await stage.signUp(" ADA@example.com") }
            #expect(code == "email_taken")
            #expect(try await stage.events().count == 2)
        }
    }

    @Test func `of many who sign up by one address at once, one wins`() async throws {
        try await Stage.with { stage async throws in
            let codes = await withTaskGroup(of: String?.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        await failureCode { _ = try await stage.signUp(team: "Team \(number)") }
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == nil } == 1)
            #expect(codes.count { $0 == "email_taken" } == 19)
            #expect(try await stage.events().count == 2)
        }
    }

    @Test func `signing up again with the same once-key answers the same team`() async throws {
        try await Stage.with { stage async throws in
            let once = OnceKey(scope: "sign-up", key: "k", digest: "d", keeper: .nobody)
            let first = try await stage.signUp(once: once)
            let second = try await stage.signUp(once: once)
            #expect(second.tenant == first.tenant)
            #expect(second.user == first.user)
            #expect(second.tokens.refresh == first.tokens.refresh)
            #expect(try await stage.events().count == 2)
        }
    }

    @Test func `a password opens a session of its own each time`() async throws {
        try await Stage.with { stage async throws in
            let entry = try await stage.signUp()
            let first = try await stage.accounts.signIn(email: "ADA@example.com ", password: Stage.password)
            let second = try await stage.accounts.signIn(email: "ada@example.com", password: Stage.password)
            #expect(first.user == entry.user)
            #expect(first.tenant == entry.tenant)
            #expect(try first.claims(stage).session != second.claims(stage).session)
            #expect(try await stage.accounts.current(first.claims(stage)) == entry.caller)
        }
    }

    @Test func `an unknown address and a wrong password are refused alike`() async throws {
        try await Stage.with { stage async throws in
            _ = try await stage.signUp()
            for (email, password) in [
                ("ada@example.com", "wrong horse"), ("ada@example.com", ""),
                ("eve@example.com", Stage.password),
                ("", ""), ("ada@example.com", Stage.password + " "),
            ] {
                let failure = await #expect(throws: Failure.self) {
                    try await stage.accounts.signIn(email: email, password: password)
                }
                #expect(failure?.kind == .unauthorised)
                #expect(failure?.code == "invalid_credentials")
                #expect(failure?.detail == "The e-mail address or the password is wrong.")
            }
        }
    }

    @Test func `signing out ends that session only, and again is harmless`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let second = try await stage.accounts.signIn(email: "ada@example.com", password: Stage.password)
            let claims = try first.claims(stage)
            try await stage.accounts.signOut(claims)
            try await stage.accounts.signOut(claims)
            #expect(try await stage.accounts.current(claims) == nil)
            #expect(try await stage.accounts.current(second.claims(stage)) != nil)
            let code = await failureCode {
                _ = try await stage.accounts.refresh(first.tokens.refresh, once: nil)
            }
            #expect(code == "session_revoked")
        }
    }
}
