import Kernel
import Memory
import Redis
import Testing

/// An adapter under the contract of `PubSub`.
struct PubSubAdapter: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let run: @Sendable (_ test: (any PubSub) async throws -> Void) async throws -> Void

    static let all = RedisStage.url == nil ? [memory] : [memory, redis]

    private static let memory = PubSubAdapter(testDescription: "memory") { try await $0(MemoryPubSub()) }

    private static let redis = PubSubAdapter(testDescription: "redis") { test in
        try await RedisStage.run { stage in
            let pubSub = RedisPubSub(client: stage.client)
            do {
                try await test(pubSub)
            } catch {
                await pubSub.close()
                throw error
            }
            await pubSub.close()
        }
    }
}
