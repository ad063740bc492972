package import Kernel

/// Remote pub/sub behind its guard. A message is sent once: it is worth less than its double would cost.
package struct GuardedPubSub: PubSub {
    private let pubSub: any PubSub
    private let guarded: Guarded
    private let substitute: Substitute<any PubSub>?

    package init(_ pubSub: any PubSub, by guarded: Guarded, fallback: Substitute<any PubSub>? = nil) {
        self.pubSub = pubSub
        self.guarded = guarded
        substitute = fallback
    }

    package func publish(_ channel: String, _ message: [UInt8]) async throws {
        try await guarded.run(
            guarded.call("publish", isIdempotent: false),
            fallback: substitute?.fallback { try await $0.publish(channel, message) }
        ) { [pubSub] in try await pubSub.publish(channel, message) }
    }

    /// Only the beginning is guarded; the stream is the adapter's own.
    package func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await guarded.run(
            guarded.call("subscribe", isIdempotent: true),
            fallback: substitute?.fallback { try await $0.subscribe(channel, capacity: capacity) }
        ) { [pubSub] in try await pubSub.subscribe(channel, capacity: capacity) }
    }
}
