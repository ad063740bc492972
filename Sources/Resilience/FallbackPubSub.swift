package import Kernel

/// Remote pub/sub whose publishers do not notice that it fails: messages may be lost anyway, and who needs what they
/// tell looks for it. Subscribers do notice, so that they look by themselves and try again.
package struct FallbackPubSub: PubSub {
    private let remote: any PubSub
    private let choice: FallbackSwitch

    package init(_ remote: any PubSub, by choice: FallbackSwitch) {
        self.remote = remote
        self.choice = choice
    }

    package func publish(_ channel: String, _ message: [UInt8]) async throws {
        try await choice.run("publish") { [remote] in
            try await remote.publish(channel, message)
        } local: {
        }
    }

    package func subscribe(
        _ channel: String, capacity: Int
    ) async throws -> any AsyncSequence<[UInt8], Never> & Sendable {
        try await remote.subscribe(channel, capacity: capacity)
    }
}
