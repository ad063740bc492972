import HTTPTypes
import Hummingbird
import Kernel

/// Gives each request its session's place in the store's history, so that replicas may serve it without going back.
///
/// The place travels with the answer and the next request (`Consistency-Token`), and between processes in the cache.
/// Requests that may change something read from the primary, and so do those without a caller.
struct ReadYourWrites: Sendable {
    /// Nil where the store has no replicas.
    let positions: SessionPositions?

    func run(
        _ request: Request, _ context: APIContext, _ body: @escaping @Sendable () async throws -> Response
    ) async throws -> Response {
        let isSafe = request.method == .get || request.method == .head
        guard let positions, context.identity != nil || !isSafe else { return try await body() }
        // A session whose past is not known sees all that is committed.
        var known = Consistency(readsPrimary: true)
        if let caller = context.identity?.caller, let stored = try await positions.load(caller) {
            known = stored
        }
        let session = known.merged(with: request.headers[.consistencyToken], readsPrimary: !isSafe)
        let before = session.text
        let outcome: Result<Response, any Error>
        do {
            outcome = .success(try await Consistency.$current.withValue(session) { try await body() })
        } catch {
            outcome = .failure(error)
        }
        let after = session.text
        // Also of who came in by this request, for a log-in is a write of theirs; and of who was told that something is
        // not there, and must not find it again.
        if after != before, let caller = context.subject.current { await positions.store(session, caller) }
        var response = try outcome.get()
        if !after.isEmpty { response.headers[.consistencyToken] = after }
        return response
    }
}

extension HTTPField.Name {
    // A literal of a valid form: the initialiser fails for invalid ones only.
    static let consistencyToken = Self("Consistency-Token")!
}
