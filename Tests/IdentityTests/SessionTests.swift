import Identity
import Kernel
import Security
import TestDatabase
import Testing

@Suite struct SessionTests {
    private static let phone = "Mozilla/5.0 (Phone)"

    @Test func `a person's sessions are listed with their device, until they end or run out`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            stage.clock.advance(by: .seconds(10))
            let second = try await stage.signIn(from: Self.phone)
            let stranger = try await stage.join("bob@example.com", as: .member, by: first.caller)
            #expect(try await stage.listed(first) == [second, first].map { try $0.claims(stage).session })
            let page = try await stage.accounts.sessions(first.caller, PageRequest(limit: 10))
            #expect(page.items.map(\.userAgent) == [Self.phone, nil])
            #expect(page.items.map(\.seenAt) == [stage.clock.now, stage.clock.now - .seconds(10)])

            stage.clock.advance(by: .seconds(20))
            _ = try await stage.accounts.refresh(second.tokens.refresh, once: nil)
            let later = try await stage.accounts.sessions(first.caller, PageRequest(limit: 10))
            #expect(later.items.map(\.seenAt) == [stage.clock.now, stage.clock.now - .seconds(30)])

            try await stage.accounts.signOut(first.claims(stage))
            #expect(try await stage.listed(first) == [second.claims(stage).session])
            #expect(try await stage.listed(stranger) == [stranger.claims(stage).session])
            stage.clock.advance(by: Stage.refreshLifetime)
            #expect(try await stage.listed(first).isEmpty)
        }
    }

    @Test func `what a device says of itself is kept without control characters, and cut`() {
        func kept(_ userAgent: String?) -> String? {
            LoginSession(
                id: SessionID(), user: UserID(), generation: 1, expiresAt: .now(), isRevoked: false,
                createdAt: .now(), userAgent: userAgent
            ).userAgent
        }
        #expect(kept("a\u{0}b\u{1b}c\n") == "abc")
        #expect(kept(String(repeating: "x", count: 1_000))?.count == LoginSession.maximumUserAgent)
        for nothing in [nil, "", "\u{0}"] { #expect(kept(nothing) == nil) }
    }

    @Test func `one session is ended, by its owner alone, and again is harmless`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let second = try await stage.signIn()
            let stranger = try await stage.join("bob@example.com", as: .admin, by: first.caller)
            let session = try second.claims(stage).session
            for id in [session, SessionID()] {
                let code = await failureCode {
                    try await stage.accounts.endSession(id, by: stranger.caller)
                }
                #expect(code == "not_found")
            }
            #expect(try await stage.accounts.current(second.claims(stage)) != nil)
            for _ in 0..<2 { try await stage.accounts.endSession(session, by: first.caller) }
            #expect(try await stage.accounts.current(second.claims(stage)) == nil)
            #expect(try await stage.accounts.current(first.claims(stage)) != nil)
            #expect(
                await failureCode { _ = try await stage.accounts.refresh(second.tokens.refresh, once: nil) }
                    == "session_revoked")
        }
    }

    @Test func `all others are ended, and it is told which`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let others = [try await stage.signIn(), try await stage.signIn()]
            let stranger = try await stage.join("bob@example.com", as: .member, by: first.caller)
            let ended = try await stage.accounts.endOtherSessions(first.claims(stage))
            #expect(Set(ended) == Set(try others.map { try $0.claims(stage).session }))
            #expect(try await stage.listed(first) == [first.claims(stage).session])
            #expect(try await stage.accounts.current(stranger.claims(stage)) != nil)
            #expect(try await stage.accounts.endOtherSessions(first.claims(stage)).isEmpty)
            let gone = try others[0].claims(stage)
            let code = await failureCode { _ = try await stage.accounts.endOtherSessions(gone) }
            #expect(code == "session_revoked")
            #expect(try await stage.listed(first) == [first.claims(stage).session])
        }
    }
}

@Suite struct PasswordChangeTests {
    fileprivate static let other = "battery staple"

    fileprivate func change(from current: String = Stage.password, to new: String = other)
        -> Accounts.PasswordChange
    {
        Accounts.PasswordChange(current: current, new: new)
    }

    @Test func `a change lets nobody in by the old password, and ends all other sessions`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let second = try await stage.signIn()
            let ended = try await stage.accounts.change(change(), of: first.claims(stage), once: nil)
            #expect(ended == [try second.claims(stage).session])
            #expect(try await stage.accounts.current(second.claims(stage)) == nil)
            #expect(try await stage.accounts.current(first.claims(stage)) != nil)
            #expect(await failureCode { _ = try await stage.signIn() } == "invalid_credentials")
            let again = try await stage.accounts.signIn(email: first.user.email, password: Self.other)
            #expect(again.user == first.user)
        }
    }

    @Test func `it needs the current password and a good new one`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let second = try await stage.signIn()
            let claims = try first.claims(stage)
            for (current, new, code) in [
                ("wrong horse", Self.other, "password_wrong"), ("", Self.other, "password_wrong"),
                (Stage.password, "short", "invalid_request"),
                (Stage.password, String(repeating: "x", count: 257), "invalid_request"),
            ] {
                let failure = await #expect(throws: Failure.self) {
                    _ = try await stage.accounts.change(
                        change(from: current, to: new), of: claims, once: nil)
                }
                #expect(failure?.code == code)
                let field = code == "password_wrong" ? "currentPassword" : "newPassword"
                #expect(failure?.fields.map(\.field) == [field])
            }
            #expect(try await stage.accounts.current(second.claims(stage)) != nil)
            _ = try await stage.signIn()
        }
    }

    @Test func `repeated by one who missed the answer, it is answered as done`() async throws {
        try await Stage.with { stage async throws in
            let claims = try await stage.signUp().claims(stage)
            let once = OnceKey(scope: "password", key: "k", digest: "d")
            for _ in 0..<2 { _ = try await stage.accounts.change(change(), of: claims, once: once) }
            let code = await failureCode {
                _ = try await stage.accounts.change(change(), of: claims, once: nil)
            }
            #expect(code == "password_wrong")
        }
    }

    @Test func `whoever signs in by the old password while it changes is not in`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let claims = try first.claims(stage)
            let change = change()
            let late = stage.accounts(
                passwords: AfterVerifying(passwords: Stage.passwords) {
                    _ = try await stage.accounts.change(change, of: claims, once: nil)
                })
            let code = await failureCode {
                _ = try await late.signIn(email: first.user.email, password: Stage.password)
            }
            #expect(code == "invalid_credentials")
            #expect(try await stage.listed(first) == [claims.session])
        }
    }
}

extension PasswordChangeTests {
    @Test func `a change by a session that another change ended meanwhile changes nothing`() async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.signUp()
            let (claims, thief) = (try first.claims(stage), try await stage.signIn().claims(stage))
            let done = change()
            let late = stage.accounts(
                passwords: AfterVerifying(passwords: Stage.passwords) {
                    _ = try await stage.accounts.change(done, of: claims, once: nil)
                })
            let code = await failureCode {
                _ = try await late.change(change(to: "stolen horse"), of: thief, once: nil)
            }
            #expect(code == "session_revoked")
            #expect(try await stage.listed(first) == [claims.session])
            _ = try await stage.accounts.signIn(email: first.user.email, password: Self.other)
        }
    }
}

/// Lets something happen behind the look at a password.
private struct AfterVerifying: PasswordHasher {
    let passwords: any PasswordHasher
    let event: @Sendable () async throws -> Void

    func hash(_ password: String) async throws -> String { try await passwords.hash(password) }

    func verify(_ password: String, against hash: String?) async throws -> Bool {
        let matches = try await passwords.verify(password, against: hash)
        try await event()
        return matches
    }
}

extension Stage {
    fileprivate func signIn(from device: String? = nil) async throws -> Accounts.Entry {
        try await accounts.signIn(email: "ada@example.com", password: Self.password, from: device)
    }

    fileprivate func listed(_ entry: Accounts.Entry) async throws -> [SessionID] {
        try await accounts.sessions(entry.caller, PageRequest(limit: 10)).items.map(\.id)
    }
}
