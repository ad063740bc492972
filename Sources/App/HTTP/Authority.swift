import Synchronization

/// By what right a request is served: known when its head has come, and looked at again behind its body, which may be held
/// back for as long as a request may take. Shared by all copies of a context.
final class Authority: Sendable {
    private let look: @Sendable () async throws -> VerifiedIdentity
    private let known: Mutex<VerifiedIdentity>

    /// `look` is cheap where nothing is old: it is called twice for a request with a body.
    init(_ look: @escaping @Sendable () async throws -> VerifiedIdentity) async throws {
        self.look = look
        known = Mutex(try await look())
    }

    var identity: VerifiedIdentity { known.withLock { $0 } }

    /// `session_revoked` and what else `look` says; else the role is the one of now.
    func renew() async throws {
        let identity = try await look()
        known.withLock { $0 = identity }
    }
}
