/// Messages to whoever listens now: at most once, in order per channel and publisher, bounded.
package protocol PubSub: Sendable {
    func publish(_ channel: String, _ message: [UInt8]) async throws

    /// Messages published after this returns. A subscriber that falls `capacity` behind is cut: its stream ends.
    /// Ending or dropping the iteration unsubscribes. `overloaded` where too many listen.
    func subscribe(_ channel: String, capacity: Int) async throws -> any AsyncSequence<[UInt8], Never>
        & Sendable
}
