import Identity
import Kernel
import Synchronization
import Testing

@testable import App

@Suite struct AuthorityTests {
    private let tenant = TenantID()
    private let user = UserID()
    private let session = SessionID()

    private func identity(_ role: Role) -> VerifiedIdentity {
        let caller = Caller(tenant: tenant, user: user, role: role)
        return VerifiedIdentity(
            claims: AccessClaims(caller: caller, session: session, expiresAt: .now() + .seconds(60)),
            caller: caller,
            placement: TenantPlacement(region: "eu", shard: 0, isolation: .shared, epoch: 1))
    }

    @Test func `looked at again, it is that of now, or none`() async throws {
        let roles = Mutex<[Role]>([.admin, .viewer])
        let authority = try await Authority {
            guard let role = roles.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
                throw Failure(.unauthorised, "session_revoked", "It has ended.")
            }
            return identity(role)
        }
        #expect(authority.identity.caller.role == .admin)
        try await authority.renew()
        #expect(authority.identity.caller.role == .viewer)
        let refused = await #expect(throws: Failure.self) { try await authority.renew() }
        #expect(refused?.code == "session_revoked")
        let nobody = await #expect(throws: Failure.self) {
            _ = try await Authority { throw Authenticator.missingToken }
        }
        #expect(nobody?.code == "unauthenticated")
    }
}
