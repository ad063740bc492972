import Identity
import Kernel
import TestDatabase
import Testing

@Suite struct TeamTests {
    @Test func `somebody renames themselves`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let renamed = try await stage.accounts.rename(owner.caller, to: " Countess ", once: nil)
            #expect(renamed.name == "Countess")
            #expect(try await stage.accounts.profile(of: owner.caller).user.name == "Countess")
            let code = await failureCode {
                _ = try await stage.accounts.rename(owner.caller, to: "a\u{0}", once: nil)
            }
            #expect(code == "invalid_request")
        }
    }

    @Test func `the last owner stays`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            for role in [Role.admin, .member, .viewer] {
                let code = await failureCode {
                    _ = try await stage.accounts.changeRole(
                        of: owner.user.id, to: role, by: owner.caller, once: nil)
                }
                #expect(code == "last_owner")
            }
            let leaving = await failureCode {
                try await stage.accounts.remove(owner.user.id, by: owner.caller, once: nil)
            }
            #expect(leaving == "last_owner")
            let same = try await stage.accounts.changeRole(
                of: owner.user.id, to: .owner, by: owner.caller, once: nil)
            #expect(same.role == .owner)
        }
    }

    @Test func `two owners who unmake each other at once leave one`() async throws {
        for _ in 0..<5 {
            try await Stage.with { stage async throws in
                let ada = try await stage.signUp()
                let bob = try await stage.join("bob@example.com", as: .owner, by: ada.caller)
                async let first = failureCode {
                    _ = try await stage.accounts.changeRole(
                        of: bob.user.id, to: .viewer, by: ada.caller, once: nil)
                }
                async let second = failureCode {
                    try await stage.accounts.remove(ada.user.id, by: bob.caller, once: nil)
                }
                let codes = await [first, second]
                #expect(codes.count { $0 == nil } == 1)
                #expect(codes.contains("last_owner"))
                #expect(try await stage.store.read(ada.tenant.id) { try $0.owners() } == 1)
            }
        }
    }

    @Test func `only an owner makes or unmakes owners`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let admin = try await stage.join("bob@example.com", as: .admin, by: owner.caller)
            let member = try await stage.join("cy@example.com", as: .member, by: admin.caller)
            for (id, role) in [
                (owner.user.id, Role.admin), (member.user.id, .owner), (admin.user.id, .owner),
                (owner.user.id, .owner),
            ] {
                let code = await failureCode {
                    _ = try await stage.accounts.changeRole(of: id, to: role, by: admin.caller, once: nil)
                }
                #expect(code == "forbidden")
            }
            let removing = await failureCode {
                try await stage.accounts.remove(owner.user.id, by: admin.caller, once: nil)
            }
            #expect(removing == "forbidden")
            let inviting = await failureCode {
                _ = try await stage.accounts.invite(
                    email: "d@example.com", role: .owner, by: admin.caller, once: nil)
            }
            #expect(inviting == "forbidden")
            let made = try await stage.accounts.changeRole(
                of: member.user.id, to: .owner, by: owner.caller, once: nil)
            #expect(made.role == .owner)
        }
    }

    @Test(arguments: [Role.member, .viewer])
    func `members and viewers change nobody, but may leave`(_ role: Role) async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let bob = try await stage.join("bob@example.com", as: role, by: owner.caller)
            let cy = try await stage.join("cy@example.com", as: .member, by: owner.caller)
            let codes = [
                await failureCode {
                    _ = try await stage.accounts.changeRole(
                        of: cy.user.id, to: .viewer, by: bob.caller, once: nil)
                },
                await failureCode { try await stage.accounts.remove(cy.user.id, by: bob.caller, once: nil) },
                await failureCode {
                    _ = try await stage.accounts.invite(
                        email: "d@example.com", role: .viewer, by: bob.caller, once: nil)
                },
            ]
            #expect(codes == ["forbidden", "forbidden", "forbidden"])
            try await stage.accounts.remove(bob.user.id, by: bob.caller, once: nil)
            #expect(try await stage.accounts.users(owner.caller, PageRequest(limit: 10)).items.count == 2)
        }
    }

    @Test func `a changed role is seen by the next request`() async throws {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let bob = try await stage.join("bob@example.com", as: .viewer, by: owner.caller)
            let claims = try bob.claims(stage)
            #expect(try await stage.accounts.current(claims)?.role == .viewer)
            _ = try await stage.accounts.changeRole(
                of: bob.user.id, to: .admin, by: owner.caller, once: nil)
            #expect(try await stage.accounts.current(claims)?.role == .admin)
            let renewed = try await stage.accounts.refresh(bob.tokens.refresh, once: nil)
            #expect(renewed.tokens.refresh != bob.tokens.refresh)
        }
    }

    @Test func `another team's people are not there`() async throws {
        try await Stage.with { stage async throws in
            let mine = try await stage.signUp()
            let theirs = try await stage.signUp("eve@example.com", team: "Eve's")
            let codes = [
                await failureCode {
                    _ = try await stage.accounts.changeRole(
                        of: theirs.user.id, to: .viewer, by: mine.caller, once: nil)
                },
                await failureCode {
                    try await stage.accounts.remove(theirs.user.id, by: mine.caller, once: nil)
                },
            ]
            #expect(codes == ["not_found", "not_found"])
            #expect(
                try await stage.accounts.users(mine.caller, PageRequest(limit: 10)).items == [mine.user])
            #expect(try await stage.accounts.current(theirs.claims(stage)) == theirs.caller)
        }
    }

    @Test func `removing again with the same once-key is harmless, without it there is nobody`() async throws
    {
        try await Stage.with { stage async throws in
            let owner = try await stage.signUp()
            let bob = try await stage.join("bob@example.com", as: .member, by: owner.caller)
            let once = OnceKey(scope: "remove", key: "k", digest: "d")
            for _ in 0..<3 { try await stage.accounts.remove(bob.user.id, by: owner.caller, once: once) }
            let code = await failureCode {
                try await stage.accounts.remove(bob.user.id, by: owner.caller, once: nil)
            }
            #expect(code == "not_found")
            let removals = try await stage.events().filter { $0.type == UserRemoved.type }
            #expect(removals.count == 1)
            #expect(try removals.first?.payload(UserRemoved.self).by == owner.user.id)
        }
    }
}
