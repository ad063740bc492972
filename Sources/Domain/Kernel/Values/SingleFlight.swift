private import Synchronization

/// Work that many want at once and that is done once for all of them.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let flights = Mutex<[Key: Task<Value, any Error>]>([:])

    package init() {}

    /// What `body` gives. Whoever asks for the same key while it runs shares its outcome, also its failure; whoever asks
    /// later begins anew. It goes on when a caller is cancelled, since others may wait: its bound is its own.
    package func run(
        _ key: Key, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await flight(key, body).value
    }

    private func flight(
        _ key: Key, _ body: @escaping @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
        flights.withLock { flights in
            if let running = flights[key] { return running }
            // Detached: neither the deadline nor the session of the first caller is that of the others.
            let task = Task.detached {
                defer { self.flights.withLock { _ = $0.removeValue(forKey: key) } }
                return try await body()
            }
            flights[key] = task
            return task
        }
    }
}
