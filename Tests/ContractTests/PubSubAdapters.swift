import Kernel
import Memory
import Testing

/// An adapter under the contract of `PubSub`.
struct PubSubAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (any PubSub) async throws -> Void) async throws -> Void

    static let all = [memory]

    private static let memory = PubSubAdapter(testDescription: "memory") { try await $0(MemoryPubSub()) }
}
