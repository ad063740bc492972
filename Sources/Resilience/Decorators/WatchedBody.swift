import Kernel
import Synchronization

/// Whose turn it is while a body streams into a store: the time a slow client takes is not the store's.
final class StreamTurn: Sendable {
    private struct State {
        /// Since when the store has had bytes and not asked for more; nil while it waits for the client.
        var storeSince: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let time: TimeSource

    init(time: TimeSource) {
        self.time = time
        state = Mutex(State(storeSince: time.now()))
    }

    func storeWaits() { state.withLock { $0.storeSince = nil } }

    func storeWorks() { state.withLock { $0.storeSince = time.now() } }

    /// Throws `timeout` once the store has kept still for `patience` at a stretch.
    func watch(_ patience: Duration, of what: String) async throws {
        while true {
            let now = time.now()
            let end = state.withLock { ($0.storeSince ?? now) + patience }
            guard end > now else { throw Failure.late(what) }
            try await time.sleep(end - now)
        }
    }
}

/// A body that tells whose turn it is.
struct WatchedBody<Element: Sendable>: AsyncSequence, Sendable {
    typealias Failure = any Error

    let body: any AsyncSequence<Element, any Error> & Sendable
    let turn: StreamTurn

    func makeAsyncIterator() -> Iterator { Iterator(inner: body.makeAsyncIterator(), turn: turn) }

    struct Iterator: AsyncIteratorProtocol {
        var inner: any AsyncIteratorProtocol<Element, any Error>
        let turn: StreamTurn

        mutating func next() async throws -> Element? { try await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            turn.storeWaits()
            defer { turn.storeWorks() }
            return try await inner.next(isolation: actor)
        }
    }
}
