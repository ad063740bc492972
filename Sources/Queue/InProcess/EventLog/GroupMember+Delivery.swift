import Kernel
import Relational

extension GroupMember {
    /// The next events of a partition in hand; the try of its head is counted before anybody sees it.
    ///
    /// An event that was tried before comes alone: if it kills the process again, no other is blamed for it.
    mutating func handOut(_ offset: Offset, limit: Int, _ writer: SystemWriter) throws -> [Delivery] {
        guard var hold = holds[offset.partition] else { return [] }
        let isHead = !hold.isBusy
        let isSuspect = isHead && offset.attempt > 0
        let events = try events(
            of: offset.partition, after: hold.cursor, limit: isSuspect ? 1 : limit, writer)
        guard let first = events.first else { return [] }
        let tries = isHead ? offset.attempt : hold.tries[first.position] ?? 0
        if isHead {
            let counted = try writer.update(
                .eventOffsets, set: "attempt = \(tries + 1)", where: row(offset.partition, hold))
            guard counted == 1 else { return [] }
        }
        return events.prefix(tries > 0 ? 1 : limit).map { logged in
            let attempt = logged.position == first.position ? tries + 1 : 1
            hold.cursor = logged.position
            hold.tries[logged.position] = attempt
            holds[offset.partition] = hold
            return Delivery(
                event: logged.event, partition: offset.partition, position: logged.position, attempt: attempt)
        }
    }

    /// False, and nothing changes, if the partition has gone.
    mutating func commit(_ delivery: Delivery, at now: Timestamp, _ writer: SystemWriter) throws -> Bool {
        guard let offset = try heldOffset(delivery.partition, writer), var hold = holds[delivery.partition]
        else {
            return false
        }
        guard delivery.position > offset.position else { return true }
        hold.cursor = max(hold.cursor, delivery.position)
        hold.tries = hold.tries.filter { $0.key > delivery.position }
        holds[delivery.partition] = hold
        // The next head may be in hand already, and its try must count even if it kills this process.
        let attempt = hold.tries.min { $0.key < $1.key }?.value ?? 0
        let committed = try writer.update(
            .eventOffsets,
            set: "position = \(delivery.position), attempt = \(attempt), held_until = \(now + self.hold)",
            where: row(delivery.partition, hold))
        return committed == 1
    }

    /// Nothing happens if the partition has gone or the event is committed: it is another's, or done.
    mutating func sendBack(_ delivery: Delivery, notBefore: Timestamp, _ writer: SystemWriter) throws {
        guard let offset = try heldOffset(delivery.partition, writer), var hold = holds[delivery.partition],
            delivery.position > offset.position
        else { return }
        hold.tries = hold.tries.filter { $0.key <= delivery.position }
        hold.cursor = hold.tries.keys.filter { $0 < delivery.position }.max() ?? offset.position
        holds[delivery.partition] = hold
        try writer.update(
            .eventOffsets, set: "not_before = \(notBefore)", where: row(delivery.partition, hold))
    }

    /// The group's rows in order of partition.
    func offsets(_ writer: SystemWriter) throws -> [Offset] {
        try offsets("consumer_group = \(group)", writer)
    }

    private func heldOffset(_ partition: Int, _ writer: SystemWriter) throws -> Offset? {
        try offsets(row(partition), writer).first { isMine($0) }
    }

    private func row(_ partition: Int) -> SQLText {
        "consumer_group = \(group) AND partition = \(partition)"
    }

    /// The row for as long as nobody else has taken it, which another transaction may do meanwhile.
    private func row(_ partition: Int, _ hold: Hold) -> SQLText {
        "\(row(partition)) AND owner = \(name) AND fence = \(hold.fence)"
    }

    private func offsets(_ condition: SQLText, _ writer: SystemWriter) throws -> [Offset] {
        try writer.reader.select(
            "partition, position, attempt, not_before, owner, held_until, fence", from: .eventOffsets,
            where: condition, then: "ORDER BY partition"
        ) { row in
            Offset(
                partition: try row.next(), position: try row.next(), attempt: try row.next(),
                notBefore: try row.next(), owner: try row.nextIfPresent(), heldUntil: try row.next(),
                fence: try row.next())
        }
    }

    private func events(
        of partition: Int, after position: Int64, limit: Int, _ writer: SystemWriter
    ) throws -> [LoggedEvent] {
        try writer.reader.select(
            "position, " + EventColumns.names, from: .eventLog,
            where: "partition = \(partition) AND position > \(position)",
            then: "ORDER BY position LIMIT \(limit)"
        ) { row in LoggedEvent(position: try row.next(), event: try EventColumns.read(&row)) }
    }
}
