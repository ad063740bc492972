/// Messages to whoever listens now.
package enum PubSubChoice: Sendable, Equatable {
    case memory(MemoryPubSubSettings)
    case redis(RedisPubSubSettings)
}

extension PubSubChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("memory", "Within this process only.") { .memory(MemoryPubSubSettings(reading: &$0)) },
            Adapter("redis", "Between all processes.") { .redis(RedisPubSubSettings(reading: &$0)) },
        ])
    }
}

package struct MemoryPubSubSettings: Sendable, Equatable {
    package let maximumChannels: Int
}

extension MemoryPubSubSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        maximumChannels = section.value(
            "maximumChannels", "Channels with a listener at once; more are refused.",
            .integer(in: 1...10_000_000))
    }
}

package struct RedisPubSubSettings: Sendable, Equatable {
    package let connection: RedisConnectionSettings
    package let maximumChannels: Int
}

extension RedisPubSubSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        connection = section.section("connection", "How Redis is reached.")
        maximumChannels = section.value(
            "maximumChannels", "Channels with a listener in this process; more are refused.",
            .integer(in: 1...10_000_000))
    }
}
