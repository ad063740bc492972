import Kernel
import Synchronization

/// Messages between tasks of this process.
package final class MemoryPubSub: PubSub {
    private typealias Subscribers = [Int: AsyncStream<[UInt8]>.Continuation]

    private struct State {
        var next = 0
        /// Only channels that somebody listens to.
        var channels: [String: Subscribers] = [:]
    }

    private let maximumChannels: Int
    private let state = Mutex(State())

    /// Subscribing to more channels at once than `maximumChannels` is `overloaded`.
    package init(maximumChannels: Int = 100_000) { self.maximumChannels = maximumChannels }

    package func publish(_ channel: String, _ message: [UInt8]) async throws {
        let subscribers = state.withLock { $0.channels[channel] ?? [:] }
        for (id, subscriber) in subscribers {
            if case .dropped = subscriber.yield(message) { unsubscribe(id, from: channel) }
        }
    }

    package func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        let isFull = state.withLock { state in
            state.channels[channel] == nil && state.channels.count >= maximumChannels
        }
        if isFull {
            throw Failure(.overloaded, "overloaded", "Too many are listening at once; try again soon.")
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(max(1, capacity)))
        let id = state.withLock { state in
            state.next += 1
            state.channels[channel, default: [:]][state.next] = continuation
            return state.next
        }
        return MessageSubscription(stream: stream) { [weak self] in
            continuation.finish()
            self?.unsubscribe(id, from: channel)
        }
    }

    /// Ends the subscriber's stream behind what it has not read yet.
    private func unsubscribe(_ id: Int, from channel: String) {
        let subscriber = state.withLock { state in
            let subscriber = state.channels[channel]?.removeValue(forKey: id)
            if state.channels[channel]?.isEmpty == true { state.channels[channel] = nil }
            return subscriber
        }
        subscriber?.finish()
    }

    /// Channels that somebody listens to.
    var channelCount: Int { state.withLock { $0.channels.count } }
}
