import Identity
import Kernel
import Testing

/// What every `IdentityStore` promises about the values in it.
@Suite struct IdentityStoreContract {
    @Test(arguments: IdentityStoreAdapter.all)
    func `an empty store knows nobody`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            try await stage.store.read(TenantID()) { reader throws in
                #expect(try reader.tenant() == nil)
                #expect(try reader.user(UserID()) == nil)
                #expect(try reader.users(PageRequest(limit: 10)).items.isEmpty)
                #expect(try reader.owners() == 0)
                #expect(try reader.session(SessionID()) == nil)
                #expect(try reader.invitation(InvitationID()) == nil)
            }
            #expect(try await stage.store.login(email: "a@example.com") == nil)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `what was added is read back as it was`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let (session, invitation) = (LoginSession.sample(of: user.id), Invitation.sample(by: user.id))
            try await stage.write(tenant.id) { writer in
                try writer.save(session)
                try writer.save(invitation)
            }
            try await stage.store.read(tenant.id) { reader throws in
                #expect(try reader.tenant() == tenant)
                #expect(try reader.user(user.id) == user)
                #expect(try reader.session(session.id) == session)
                #expect(try reader.invitation(invitation.id) == invitation)
                #expect(try reader.owners() == 1)
            }
            let login = Login(
                email: user.email, tenant: tenant.id, user: user.id, passwordHash: "hash of \(user.email)")
            #expect(try await stage.store.login(email: user.email) == login)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `saving again replaces`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let (session, invitation) = (LoginSession.sample(of: user.id), Invitation.sample(by: user.id))
            try await stage.write(tenant.id) { writer in
                var (user, session, invitation) = (user, session, invitation)
                for _ in 0..<2 {
                    try writer.save(user)
                    try writer.save(session)
                    try writer.save(invitation)
                    (user.name, user.role) = ("New", .viewer)
                    session.generation = 9
                    session.expiresAt = Timestamp(milliseconds: 5)
                    session.isRevoked = true
                    session.seenAt = Timestamp(milliseconds: 7)
                    invitation.isAccepted = true
                }
                // A transaction sees its own changes.
                #expect(try writer.user(user.id) == user)
                #expect(try writer.session(session.id) == session)
                #expect(try writer.invitation(invitation.id) == invitation)
            }
            try await stage.store.read(tenant.id) { reader throws in
                #expect(try reader.user(user.id)?.name == "New")
                #expect(try reader.session(session.id)?.generation == 9)
                #expect(try reader.session(session.id)?.isRevoked == true)
                #expect(try reader.session(session.id)?.seenAt == Timestamp(milliseconds: 7))
                #expect(try reader.invitation(invitation.id)?.isAccepted == true)
                #expect(try reader.owners() == 0)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `those asked for by their ids come each once, others and those of other teams never`(
        _ adapter: IdentityStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, owner) = try await stage.founded()
            let (_, stranger) = try await stage.founded("else@example.com")
            let joined = (0..<3).map { User.sample("user\($0)@example.com") }
            try await stage.write(tenant.id) { writer in
                for user in joined { try writer.insert(user, passwordHash: "h") }
                // A transaction sees its own changes.
                #expect(try writer.users([joined[1].id]) == [joined[1]])
            }
            try await stage.store.read(tenant.id) { reader throws in
                let asked = [joined[2], owner, joined[0], joined[2], stranger].map(\.id) + [UserID()]
                let found = try reader.users(asked)
                #expect(found.count == 3 && [owner, joined[0], joined[2]].allSatisfy(found.contains))
                #expect(try reader.users([UserID]()).isEmpty)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all, [PageRequest.Order.newestFirst, .oldestFirst])
    func `people are listed by age, in pages`(_ adapter: IdentityStoreAdapter, _ order: PageRequest.Order)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, owner) = try await stage.founded()
            let joined = (0..<6).map { User.sample("user\($0)@example.com") }
            try await stage.write(tenant.id) { writer in
                for user in joined { try writer.insert(user, passwordHash: "h") }
            }
            var (listed, after): ([User], UUIDv7?) = ([], nil)
            repeat {
                let request = PageRequest(limit: 3, after: after, order: order)
                let page = try await stage.store.read(tenant.id) { try $0.users(request) }
                #expect(page.items.count <= 3)
                listed += page.items
                after = page.next
            } while after != nil
            let oldestFirst = [owner] + joined
            #expect(listed == (order == .oldestFirst ? oldestFirst : oldestFirst.reversed()))
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `an address has one log-in anywhere`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            for other in [tenant.id, TenantID()] {
                let code = await failureCode {
                    try await stage.write(other) { writer in
                        try writer.insert(User.sample(user.email), passwordHash: "other")
                    }
                }
                #expect(code == "email_taken")
            }
            #expect(try await stage.store.login(email: user.email)?.user == user.id)
            #expect(try await stage.store.login(email: user.email.uppercased()) == nil)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a removed person is gone with the log-in and all sessions, and the address is free`(
        _ adapter: IdentityStoreAdapter
    ) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let other = User.sample("b@example.com", role: .owner)
            let sessions = [user.id, user.id, other.id].map { LoginSession.sample(of: $0) }
            try await stage.write(tenant.id) { writer in
                try writer.insert(other, passwordHash: "h")
                for session in sessions { try writer.save(session) }
                try writer.remove(user)
            }
            try await stage.store.read(tenant.id) { reader throws in
                #expect(try reader.user(user.id) == nil)
                #expect(try sessions.map { try reader.session($0.id) == nil } == [true, true, false])
                #expect(try reader.users(PageRequest(limit: 10)).items == [other])
            }
            #expect(try await stage.store.login(email: user.email) == nil)
            _ = try await stage.founded(user.email)
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `another tenant's reads find nothing`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let (session, invitation) = (LoginSession.sample(of: user.id), Invitation.sample(by: user.id))
            try await stage.write(tenant.id) { writer in
                try writer.save(session)
                try writer.save(invitation)
            }
            let (stranger, _) = try await stage.founded("eve@example.com", role: .viewer)
            try await stage.store.read(stranger.id) { reader throws in
                #expect(try reader.tenant() == stranger)
                #expect(try reader.user(user.id) == nil)
                #expect(try reader.session(session.id) == nil)
                #expect(try reader.invitation(invitation.id) == nil)
                #expect(try reader.users(PageRequest(limit: 10)).items.count == 1)
                #expect(try reader.owners() == 0)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `another tenant's writes change nothing`(_ adapter: IdentityStoreAdapter) async throws {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            let (session, invitation) = (LoginSession.sample(of: user.id), Invitation.sample(by: user.id))
            try await stage.write(tenant.id) { writer in
                try writer.save(session)
                try writer.save(invitation)
            }
            try await stage.write(TenantID()) { writer in
                var (user, session, invitation) = (user, session, invitation)
                (user.role, session.isRevoked, invitation.isAccepted) = (.viewer, true, true)
                try writer.save(user)
                try writer.save(session)
                try writer.save(invitation)
            }
            try await stage.store.read(tenant.id) { reader throws in
                #expect(try reader.user(user.id) == user)
                #expect(try reader.session(session.id) == session)
                #expect(try reader.invitation(invitation.id) == invitation)
            }
        }
    }

    @Test(arguments: IdentityStoreAdapter.all)
    func `a tenant cannot remove another tenant's person or log-in`(_ adapter: IdentityStoreAdapter)
        async throws
    {
        try await adapter.run { stage async throws in
            let (tenant, user) = try await stage.founded()
            try await stage.write(TenantID()) { try $0.remove(user) }
            #expect(try await stage.store.read(tenant.id) { try $0.user(user.id) } == user)
            #expect(try await stage.store.login(email: user.email)?.user == user.id)
        }
    }
}
