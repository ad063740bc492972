import Identity
import Kernel
import TestDatabase
import Testing

@Suite struct InvitationTests {
    @Test func `who has the invitation joins that team in that role`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let offer = try await stage.accounts.invite(
                email: " Bob@Example.com", role: .member, by: owner.caller, once: nil)
            #expect(offer.invitation.email == "bob@example.com")
            #expect(offer.invitation.expiresAt == stage.clock.now + Stage.invitationLifetime)
            let bob = try await stage.accept(offer.token)
            #expect(bob.tenant == owner.tenant)
            #expect(bob.user.role == .member)
            #expect(bob.user.email == "bob@example.com")
            let again = try await stage.accounts.signIn(email: "bob@example.com", password: Stage.password)
            #expect(again.user == bob.user)
            #expect(try await stage.events().last?.type == UserJoined.type)
        }
    }

    @Test func `an invitation is good once, also for two at once`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let offer = try await stage.accounts.invite(
                email: "bob@example.com", role: .member, by: owner.caller, once: nil)
            let codes = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<10 { group.addTask { await stage.acceptance(offer.token) } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.count { $0 == nil } == 1)
            #expect(codes.count { $0 == "invitation_invalid" } == 9)
            #expect(await stage.acceptance(offer.token) == "invitation_invalid")
        }
    }

    @Test func `accepting again with the same once-key answers the same person`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let offer = try await stage.accounts.invite(
                email: "bob@example.com", role: .member, by: owner.caller, once: nil)
            let once = OnceKey(scope: "accept", key: "k", digest: "d")
            let first = try await stage.accept(offer.token, once: once)
            #expect(try await stage.accept(offer.token, once: once).user == first.user)
        }
    }

    @Test(arguments: [(-1, true), (0, false), (1, false)])
    func `an invitation is good until its time`(_ milliseconds: Int, _ isGood: Bool) async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let offer = try await stage.accounts.invite(
                email: "bob@example.com", role: .member, by: owner.caller, once: nil)
            stage.clock.advance(by: Stage.invitationLifetime + .milliseconds(milliseconds))
            #expect(await stage.acceptance(offer.token) == (isGood ? nil : "invitation_invalid"))
        }
    }

    @Test func `who has an account already cannot join another team, and the invitation stays good`()
        async throws
    {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let eve = try await stage.signUp("eve@example.com", team: "Eve's")
            let offer = try await stage.accounts.invite(
                email: "eve@example.com", role: .member, by: owner.caller, once: nil)
            #expect(await stage.acceptance(offer.token) == "email_taken")
            // Leaves her team to another owner, then joins.
            _ = try await stage.join("heir@example.com", as: .owner, by: eve.caller)
            try await stage.accounts.remove(eve.user.id, by: eve.caller, once: nil)
            #expect(await stage.acceptance(offer.token) == nil)
        }
    }

    @Test func `what is no invitation is refused`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let unknown = stage.tokens.seal(
                SealedClaims(
                    purpose: .invitation, tenant: owner.tenant.id, subject: UUIDv7(), generation: 1))
            for token in ["", "nonsense", owner.tokens.refresh, unknown] {
                #expect(await stage.acceptance(token) == "invitation_invalid")
            }
        }
    }

    @Test func `name and password of who joins are checked`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let offer = try await stage.accounts.invite(
                email: "bob@example.com", role: .member, by: owner.caller, once: nil)
            for (name, password) in [("", Stage.password), ("Bob", "short")] {
                let code = await failureCode {
                    _ = try await stage.accounts.accept(
                        token: offer.token, name: name, password: password, once: nil)
                }
                #expect(code == "invalid_request")
            }
            #expect(await stage.acceptance(offer.token) == nil)
        }
    }

    @Test func `inviting again with the same once-key gives the same invitation`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let once = OnceKey(scope: "invite", key: "k", digest: "d")
            let offers = try await [0, 1].asyncMap { _ in
                try await stage.accounts.invite(
                    email: "bob@example.com", role: .member, by: owner.caller, once: once)
            }
            #expect(offers[0].invitation == offers[1].invitation)
            #expect(offers[0].token == offers[1].token)
        }
    }
}

extension Stage {
    func accept(_ token: String, once: OnceKey? = nil) async throws -> Accounts.Entry {
        try await accounts.accept(token: token, name: "Bob", password: Self.password, once: once)
    }

    func acceptance(_ token: String) async -> String? { await failureCode { _ = try await accept(token) } }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
