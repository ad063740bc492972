import Identity
import Kernel
import Testing

@Suite struct LoginSessionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isRevoked: Bool
        /// Relative to the end of the session.
        let milliseconds: Int
        let presented: Int
        let outcome: LoginSession.Refresh
        let revokedAfter: Bool
    }

    private static func row(
        _ description: String, isRevoked: Bool = false, at milliseconds: Int = -1, presented: Int,
        _ outcome: LoginSession.Refresh, revokedAfter: Bool
    ) -> Case {
        Case(
            testDescription: description, isRevoked: isRevoked, milliseconds: milliseconds,
            presented: presented, outcome: outcome, revokedAfter: revokedAfter)
    }

    /// All at generation 3.
    static let cases = [
        row("the newest", presented: 3, .renewed, revokedAfter: false),
        row("the one before", presented: 2, .reused, revokedAfter: true),
        row("the first", presented: 1, .reused, revokedAfter: true),
        row("one never given", presented: 4, .refused, revokedAfter: false),
        row("the newest at the end", at: 0, presented: 3, .refused, revokedAfter: false),
        row("the newest after the end", at: 1, presented: 3, .refused, revokedAfter: false),
        row("an older one after the end", at: 1, presented: 2, .refused, revokedAfter: false),
        row("the newest, revoked", isRevoked: true, presented: 3, .refused, revokedAfter: true),
        row("an older one, revoked", isRevoked: true, presented: 2, .refused, revokedAfter: true),
    ]

    @Test(arguments: cases)
    func `a presented token ends as the table says`(_ one: Case) {
        let end = Timestamp(milliseconds: 1_000_000)
        let now = end + .milliseconds(one.milliseconds)
        var session = LoginSession(
            id: SessionID(), user: UserID(), generation: 3, expiresAt: end, isRevoked: one.isRevoked,
            createdAt: Timestamp(milliseconds: 0))
        let outcome = session.refresh(presented: one.presented, now: now, lifetime: .seconds(60))
        #expect(outcome == one.outcome)
        #expect(session.isRevoked == one.revokedAfter)
        let isRenewed = one.outcome == .renewed
        #expect(session.generation == (isRenewed ? 4 : 3))
        #expect(session.expiresAt == (isRenewed ? now + .seconds(60) : end))
    }

    @Test func `after a reuse not even the newest is good`() {
        var session = LoginSession(
            id: SessionID(), user: UserID(), generation: 1, expiresAt: Timestamp(milliseconds: 10_000),
            isRevoked: false, createdAt: Timestamp(milliseconds: 0))
        let now = Timestamp(milliseconds: 1)
        #expect(session.refresh(presented: 1, now: now, lifetime: .seconds(9)) == .renewed)
        #expect(session.refresh(presented: 2, now: now, lifetime: .seconds(9)) == .renewed)
        #expect(session.refresh(presented: 1, now: now, lifetime: .seconds(9)) == .reused)
        #expect(session.refresh(presented: 3, now: now, lifetime: .seconds(9)) == .refused)
    }
}
