import Kernel
import Relational

/// What a member knows of its partitions, and the statements by which it takes part in its group.
struct GroupMember: Sendable {
    /// A partition as the group's table has it.
    struct Offset: Sendable {
        let partition: Int
        let position: Int64
        /// Tries of the first event behind `position`.
        let attempt: Int
        let notBefore: Timestamp
        let owner: String?
        let heldUntil: Timestamp
        let fence: Int64
    }

    /// What this member has in hand of a partition that it holds.
    struct Hold: Sendable {
        let fence: Int64
        /// The last event handed out.
        var cursor: Int64
        /// Tries of the events in hand, and of one that was sent back, by position.
        var tries: [Int64: Int] = [:]

        var isBusy: Bool { tries.keys.contains { $0 <= cursor } }
    }

    struct Turn: Sendable {
        var deliveries: [Delivery] = []
        var hasReleased = false
    }

    let group: String
    let name: String
    let hold: Duration
    let partitions: Int
    private var aliveUntil = Timestamp(milliseconds: 0)
    var holds: [Int: Hold] = [:]
    /// Where handing out starts, so that one full partition cannot starve the others.
    private var rotation = 0

    init(group: String, name: String, hold: Duration, partitions: Int) {
        self.group = group
        self.name = name
        self.hold = hold
        self.partitions = partitions
    }

    /// Renews this member's holds, takes and gives up what is due, and hands out what comes next.
    mutating func poll(limit: Int, at now: Timestamp, _ writer: SystemWriter) throws -> Turn {
        try announce(at: now, writer)
        let offsets = try offsets(writer)
        guard offsets.count == partitions else {
            throw Failure.conflict(
                "partitions_changed", "The event log has other partitions than this member knows.")
        }
        forgetLostHolds(offsets, at: now)
        let share = try share(of: offsets, at: now, writer)
        for partition in share.released { try release(partition, writer) }
        try renew(offsets, at: now, writer)
        for offset in offsets where share.taken.contains(offset.partition) {
            try take(offset, at: now, writer)
        }

        var turn = Turn(hasReleased: !share.released.isEmpty)
        rotation += 1
        for index in 0..<partitions where turn.deliveries.count < limit {
            let offset = offsets[(index + rotation) % partitions]
            guard holds[offset.partition] != nil, !share.draining.contains(offset.partition) else { continue }
            guard offset.notBefore <= now else { continue }
            turn.deliveries += try handOut(offset, limit: limit - turn.deliveries.count, writer)
        }
        return turn
    }

    /// Gives everything back.
    mutating func leave(_ writer: SystemWriter) throws {
        try writer.update(
            .eventOffsets, set: "owner = NULL, held_until = 0",
            where: "consumer_group = \(group) AND owner = \(name)")
        try writer.delete(from: .eventMembers, where: "consumer_group = \(group) AND member = \(name)")
        holds = [:]
        aliveUntil = Timestamp(milliseconds: 0)
    }

    /// Tells the others that this member counts, so long as it polls.
    private mutating func announce(at now: Timestamp, _ writer: SystemWriter) throws {
        guard isDue(aliveUntil, at: now) else { return }
        aliveUntil = now + hold
        try writer.delete(from: .eventMembers, where: "consumer_group = \(group) AND alive_until <= \(now)")
        try writer.upsert(
            into: .eventMembers, ["consumer_group": group, "member": name, "alive_until": aliveUntil],
            key: "consumer_group, member", change: "alive_until = \(aliveUntil)")
    }

    /// Half a hold before its end, so that polling in vain writes seldom.
    private func isDue(_ end: Timestamp, at now: Timestamp) -> Bool { end < now + hold / 2 }

    private mutating func forgetLostHolds(_ offsets: [Offset], at now: Timestamp) {
        for offset in offsets where !isMine(offset) || offset.heldUntil <= now {
            holds[offset.partition] = nil
        }
    }

    func isMine(_ offset: Offset) -> Bool {
        offset.owner == name && holds[offset.partition]?.fence == offset.fence
    }

    private func share(of offsets: [Offset], at now: Timestamp, _ writer: SystemWriter) throws
        -> PartitionShare
    {
        let members = try writer.reader.select(
            "member", from: .eventMembers, where: "consumer_group = \(group) AND alive_until > \(now)"
        ) { try $0.next(String.self) }
        let holdings = offsets.map { offset in
            PartitionShare.Holding(
                partition: offset.partition, owner: offset.heldUntil > now ? offset.owner : nil,
                isBusy: holds[offset.partition]?.isBusy ?? false)
        }
        return PartitionShare(of: name, among: Set(members), holdings: holdings)
    }

    private mutating func release(_ partition: Int, _ writer: SystemWriter) throws {
        holds[partition] = nil
        try writer.update(
            .eventOffsets, set: "owner = NULL, held_until = 0",
            where: "consumer_group = \(group) AND partition = \(partition) AND owner = \(name)")
    }

    private func renew(_ offsets: [Offset], at now: Timestamp, _ writer: SystemWriter) throws {
        guard offsets.contains(where: { isMine($0) && isDue($0.heldUntil, at: now) }) else { return }
        try writer.update(
            .eventOffsets, set: "held_until = \(now + hold)",
            where: "consumer_group = \(group) AND owner = \(name) AND held_until > \(now)")
    }

    /// Of several that take it at once, one succeeds.
    private mutating func take(_ offset: Offset, at now: Timestamp, _ writer: SystemWriter) throws {
        let fence = offset.fence + 1
        let taken = try writer.update(
            .eventOffsets, set: "owner = \(name), held_until = \(now + hold), fence = \(fence)",
            where: """
                consumer_group = \(group) AND partition = \(offset.partition) AND fence = \(offset.fence)
                """)
        guard taken == 1 else { return }
        holds[offset.partition] = Hold(fence: fence, cursor: offset.position)
    }
}
