/// Messages to whoever listens now.
package enum PubSubChoice: Sendable, Equatable {
    case memory(MemoryPubSubSettings)
}

extension PubSubChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("memory", "Within this process only.") { .memory(MemoryPubSubSettings(reading: &$0)) }
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
