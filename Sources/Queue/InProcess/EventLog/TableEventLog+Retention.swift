package import Kernel
import Relational

extension TableEventLog {
    /// Of one transaction, so that no other write waits long.
    private static let removedAtOnce = 1000

    /// Removes events older than `moment` (by default, than the retention) that every group has applied.
    /// Returns how many.
    package func removeExpired(before moment: Timestamp? = nil) async throws -> Int {
        let moment = moment ?? now() - settings.retention
        var removed = 0
        for partition in 0..<settings.partitions {
            while true {
                let count = try await removeSome(of: partition, before: moment)
                removed += count
                if count < Self.removedAtOnce { break }
            }
        }
        return removed
    }

    /// Forgets how far `group` is, so that a group that is gone for good no longer keeps events from expiring.
    package func forget(group: String) async throws {
        try await database.writeSystem { writer in
            try writer.delete(from: .eventMembers, where: "consumer_group = \(group)")
            try writer.delete(from: .eventOffsets, where: "consumer_group = \(group)")
        }
    }

    private func removeSome(of partition: Int, before moment: Timestamp) async throws -> Int {
        try await database.writeSystem { writer in
            let slowest = try writer.reader.first(
                "position", from: .eventOffsets, where: "partition = \(partition)", then: "ORDER BY position"
            ) { try $0.next(Int64.self) }
            let positions = try writer.reader.select(
                "position", from: .eventLog,
                where: "partition = \(partition) AND position <= \(slowest ?? .max) AND time < \(moment)",
                then: "ORDER BY position LIMIT \(Self.removedAtOnce)"
            ) { try $0.next(Int64.self) }
            guard !positions.isEmpty else { return 0 }
            return try writer.delete(from: .eventLog, where: "position IN \(list: positions)")
        }
    }
}
