/// Values that may vanish at any time.
package enum CacheChoice: Sendable, Equatable {
    case memory(MemoryCacheSettings)
    case redis(RedisCacheSettings)
}

extension CacheChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("memory", "In this process.") { .memory(MemoryCacheSettings(reading: &$0)) },
            Adapter("redis", "Shared by all processes; while it is away, in each of them.") {
                .redis(RedisCacheSettings(reading: &$0))
            },
        ])
    }
}

package struct MemoryCacheSettings: Sendable, Equatable {
    package let maximumEntries: Int
    package let maximumBytes: ByteCount
}

extension MemoryCacheSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        maximumEntries = section.value(
            "maximumEntries", "Entries kept; the least recently used go first.", .integer(in: 1...100_000_000)
        )
        maximumBytes = section.value(
            "maximumBytes", "Keys and values kept.", .bytes(in: .kibibytes(64) ... .tebibytes(1)))
    }
}

package struct RedisCacheSettings: Sendable, Equatable {
    package let connection: RedisConnectionSettings
    package let maximumValueBytes: ByteCount
    package let near: NearCacheSettings
    package let fallback: MemoryCacheSettings
}

extension RedisCacheSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        connection = section.section("connection", "How Redis is reached.")
        maximumValueBytes = section.value(
            "maximumValueBytes", "Larger values are not kept.", .bytes(in: .kibibytes(1) ... .mebibytes(512)),
            default: .mebibytes(1))
        near = section.optionalSection("near", "What this process keeps before it asks Redis.")
        fallback = section.section("fallback", "What this process keeps while Redis is away.")
    }
}

package struct NearCacheSettings: Sendable, Equatable {
    package let maximumEntries: Int
    package let maximumBytes: ByteCount
    package let lifetime: Duration
}

extension NearCacheSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        maximumEntries = section.value(
            "maximumEntries", "Entries kept; the least recently used go first.",
            .integer(in: 1...100_000_000),
            default: 10_000)
        maximumBytes = section.value(
            "maximumBytes", "Keys and values kept.", .bytes(in: .kibibytes(64) ... .tebibytes(1)),
            default: .mebibytes(16))
        lifetime = section.value(
            "lifetime", "How long another process's change may go unnoticed, if its hint is lost.",
            .duration(in: .milliseconds(1) ... .hours(1)), default: .seconds(1))
    }
}
