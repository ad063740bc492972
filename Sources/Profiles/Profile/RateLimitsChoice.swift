/// Budgets of requests.
package enum RateLimitsChoice: Sendable, Equatable {
    case memory(MemoryRateLimitsSettings)
    case redis(RedisRateLimitsSettings)
}

extension RateLimitsChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("memory", "Each process has budgets of its own.") {
                .memory(MemoryRateLimitsSettings(reading: &$0))
            },
            Adapter("redis", "One budget for all processes; while Redis is away, one in each of them.") {
                .redis(RedisRateLimitsSettings(reading: &$0))
            },
        ])
    }
}

package struct MemoryRateLimitsSettings: Sendable, Equatable {
    package let maximumKeys: Int
}

extension MemoryRateLimitsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        maximumKeys = section.value(
            "maximumKeys", "Budgets remembered; with all in use, new ones are refused.",
            .integer(in: 1000...100_000_000))
    }
}

package struct RedisRateLimitsSettings: Sendable, Equatable {
    package let connection: RedisConnectionSettings
    package let fallback: MemoryRateLimitsSettings
}

extension RedisRateLimitsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        connection = section.section("connection", "How Redis is reached.")
        fallback = section.section("fallback", "What this process keeps while Redis is away.")
    }
}
