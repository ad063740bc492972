import HTTPTypes
import Hummingbird
import Kernel

/// Gives each request its session's place in the store's history, so that replicas may serve it without going back.
///
/// The place travels with the answer and the next request (`Consistency-Token`), and between processes in the cache.
/// Requests that may change something read from the primary.
struct ReadYourWrites: Sendable {
    /// Nil where the store has no replicas.
    let positions: SessionPositions?

    func run(
        _ request: Request, _ caller: Caller?, _ body: @escaping @Sendable () async throws -> Response
    ) async throws -> Response {
        guard let positions, let caller else { return try await body() }
        let isSafe = request.method == .get || request.method == .head
        // A session whose past is not known sees all that is committed.
        let known = try await positions.load(caller) ?? Consistency(readsPrimary: true)
        let session = known.merged(with: request.headers[.consistencyToken], readsPrimary: !isSafe)
        let before = session.text
        var response = try await Consistency.$current.withValue(session) { try await body() }
        let after = session.text
        if after != before { await positions.store(session, caller) }
        if !after.isEmpty { response.headers[.consistencyToken] = after }
        return response
    }
}

extension HTTPField.Name {
    // A literal of a valid form: the initialiser fails for invalid ones only.
    static let consistencyToken = Self("Consistency-Token")!
}
