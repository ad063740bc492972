/// Where the sessions of users stand, shared by all nodes: so that a user's next request, on whatever node and from
/// whatever client, sees what the last one did.
///
/// A hint kept in a cache. What is not found there is not known, and then reads see everything that is committed.
package struct SessionPositions: Sendable {
    private let cache: any Cache
    private let lifetime: Duration

    /// `lifetime` must be longer than the longest lag at which replicas are still read from.
    package init(_ cache: any Cache, lifetime: Duration) {
        self.cache = cache
        self.lifetime = lifetime
    }

    /// The session of `caller` as it was stored last. If there is none, one whose reads see everything: it may be new,
    /// or the cache may have lost it. Nil if the cache failed or holds nonsense. Throws only when cancelled.
    package func load(_ caller: Caller) async throws(CancellationError) -> Consistency? {
        do {
            guard let bytes = try await cache.get(Self.key(caller)) else {
                return Consistency(readsPrimary: true)
            }
            return Consistency(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            if Task.isCancelled { throw CancellationError() }
            return nil
        }
    }

    /// Requests of one caller that store at once; each must see what the others stored.
    private static let attempts = 16

    /// Stores `session`, unless it is stored already or knows nothing. What another request of the caller stores
    /// meanwhile is kept too. False if the cache failed.
    @discardableResult
    package func store(_ session: Consistency, _ caller: Caller) async -> Bool {
        guard !session.all.isEmpty else { return true }
        let key = Self.key(caller)
        // An attempt that failed may have been done all the same: places only grow, so it may be done again, once.
        var mayFail = true
        for _ in 0..<Self.attempts {
            do {
                let bytes = try await cache.get(key)
                let stored = bytes.flatMap { Consistency(text: String(decoding: $0, as: UTF8.self)) }
                let merged = session.merged(with: stored?.text)
                guard merged.all != stored?.all else { return true }
                if try await cache.replace(key, bytes, with: Array(merged.text.utf8), lifetime: lifetime) {
                    return true
                }
            } catch {
                guard mayFail, !Task.isCancelled else { return false }
                mayFail = false
            }
        }
        return false
    }

    /// The caller's next request, on whatever node, sees what `body` wrote; `body` itself reads what is committed.
    package func following<Value: Sendable>(
        _ caller: Caller, _ body: () async throws -> Value
    ) async throws -> Value {
        let session = Consistency(readsPrimary: true)
        let value = try await Consistency.$current.withValue(session) { try await body() }
        await store(session, caller)
        return value
    }

    private static func key(_ caller: Caller) -> String { "consistency/\(caller.tenant)/\(caller.user)" }
}
