import Kernel
import Relational

/// How keys fall into partitions, which the whole life of a log depends on.
struct PartitionLayout: Sendable {
    let partitions: Int

    /// The same in every process and release, unlike Swift's own hashes: FNV-1a over tenant and key.
    func partition(of event: Event) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in event.tenant.uuid.bytes + Array(event.key.utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return Int(hash % UInt64(partitions))
    }

    /// Throws `conflict` unless the log has this number of partitions; a log without a number gets it.
    ///
    /// Whoever does so takes turns with all others, so that positions follow the order of commits.
    func require(_ writer: SystemWriter) throws {
        let stored = try stored(writer)
        if let stored, stored != partitions {
            throw Failure.conflict(
                "partitions_changed",
                "The event log has \(stored) partitions, not \(partitions); this can change only while it is empty."
            )
        }
        if stored == nil {
            _ = try writer.insertIfAbsent(into: .eventLayout, ["id": 1, "partitions": partitions])
        }
    }

    /// Like `require`, except that a log without events takes this number and its groups start over in it.
    func adopt(_ writer: SystemWriter) throws {
        let isEmpty = try writer.reader.first("position", from: .eventLog) { try $0.next(Int64.self) } == nil
        guard isEmpty, let stored = try stored(writer), stored != partitions else {
            return try require(writer)
        }
        let groups = try writer.reader.select("DISTINCT consumer_group", from: .eventOffsets) {
            try $0.next(String.self)
        }
        try writer.update(.eventLayout, set: "partitions = \(partitions)", where: "id = 1")
        for group in groups {
            try writer.delete(from: .eventMembers, where: "consumer_group = \(group)")
            try writer.delete(from: .eventOffsets, where: "consumer_group = \(group)")
            try addOffsets(of: group, writer)
        }
    }

    /// A group's row per partition, standing before the oldest event.
    func addOffsets(of group: String, _ writer: SystemWriter) throws {
        for partition in 0..<partitions {
            _ = try writer.insertIfAbsent(
                into: .eventOffsets,
                [
                    "consumer_group": group, "partition": partition, "position": 0, "attempt": 0,
                    "not_before": 0, "owner": nil, "held_until": 0, "fence": 0,
                ])
        }
    }

    private func stored(_ writer: SystemWriter) throws -> Int? {
        try writer.hold("partitions", from: .eventLayout) { try $0.next(Int.self) }.first
    }
}
