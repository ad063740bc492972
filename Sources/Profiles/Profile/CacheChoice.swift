/// Values that may vanish at any time.
package enum CacheChoice: Sendable, Equatable {
    case memory(MemoryCacheSettings)
}

extension CacheChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("memory", "In this process.") { .memory(MemoryCacheSettings(reading: &$0)) }
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
