package import Kernel
import Relational

extension TableEventLog {
    /// Of one transaction, so that no other write waits long.
    private static let removedAtOnce = 1000

    /// Months to come for which there is a table.
    private static let monthsAhead = 2

    /// Removes events older than `moment` (by default, than the retention) that every group has applied. Returns how
    /// many. Where the log has tables of months, it makes those to come, and removes only months that are over and
    /// applied as a whole, of which it returns an estimate.
    package func removeExpired(before moment: Timestamp? = nil) async throws -> Int {
        let now = now()
        let moment = moment ?? now - settings.retention
        let ofMonths = try await database.writeSystem {
            try $0.turnEventMonths(at: now, expiry: moment, ahead: Self.monthsAhead)
        }
        if let ofMonths { return ofMonths }
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
