import Hummingbird
import Identity
import Kernel

/// Where the caller is logged in, and the password.
struct SessionRoutes: Sendable {
    let accounts: Accounts
    let revocations: Revocations
    let signInLimit: SignInLimit

    var routes: [Route] {
        [
            Route(.get, "/v1/sessions", handler: sessions),
            Route(.delete, "/v1/sessions/current", handler: signOut),
            Route(.delete, "/v1/sessions/others", handler: endOthers),
            Route(.delete, "/v1/sessions/{id}", handler: end),
            Route(.put, "/v1/me/password", handler: changePassword),
        ]
    }

    @Sendable private func sessions(_ exchange: Exchange) async throws -> Response {
        let current = try exchange.identity.claims.session
        return .list(try await accounts.sessions(exchange.caller, exchange.page)) { json, session in
            json.field("id", session.id)
            json.field("isCurrent", session.id == current)
            if let device = session.userAgent { json.field("userAgent", device) }
            json.field("createdAt", session.createdAt)
            json.field("lastSeenAt", session.seenAt ?? session.createdAt)
        }
    }

    @Sendable private func signOut(_ exchange: Exchange) async throws -> Response {
        let claims = try exchange.identity.claims
        try await accounts.signOut(claims)
        await revocations.announce([claims.session])
        return .noContent
    }

    @Sendable private func end(_ exchange: Exchange) async throws -> Response {
        let session: SessionID = try exchange.id("id", "session")
        try await accounts.endSession(session, by: exchange.caller)
        await revocations.announce([session])
        return .noContent
    }

    @Sendable private func endOthers(_ exchange: Exchange) async throws -> Response {
        await revocations.announce(try await accounts.endOtherSessions(exchange.identity.claims))
        return .noContent
    }

    private struct PasswordBody: Decodable, Sendable {
        let currentPassword: String
        let newPassword: String
    }

    @Sendable private func changePassword(_ exchange: Exchange) async throws -> Response {
        let input = try await exchange.input(PasswordBody.self)
        // Whoever has found an open browser guesses here as elsewhere.
        try await signInLimit.take(exchange.context.remoteAddress)
        try await signInLimit.take(account: accounts.profile(of: exchange.caller).user.email)
        let change = Accounts.PasswordChange(
            current: input.body.currentPassword, new: input.body.newPassword)
        await revocations.announce(
            try await accounts.change(change, of: exchange.identity.claims, once: input.once))
        return .noContent
    }
}
