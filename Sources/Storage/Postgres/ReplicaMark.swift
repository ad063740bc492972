/// What a server tells of itself, alone or around a read or a write.
struct ReplicaMark: Sendable, Equatable {
    let isReplica: Bool
    /// Bytes of write-ahead log: replayed by a replica, flushed by the primary. A snapshot that a replica takes
    /// after telling this sees all commits up to here.
    let position: UInt64
    /// What a replica has flushed of its primary's stream; nil where it has not streamed.
    let received: UInt64?
    /// Of the transaction that asked.
    let snapshot: ReplicaSnapshot
    /// Number of the server's history, which grows with each promotion; nil where it was not asked for.
    let timeline: UInt32?

    /// A commit record with thousands of subtransactions fits.
    private static let recordAllowance: UInt64 = 1 << 16

    init(
        isReplica: Bool, position: UInt64, received: UInt64? = nil,
        snapshot: ReplicaSnapshot = ReplicaSnapshot(end: 0), timeline: UInt32? = nil
    ) {
        self.isReplica = isReplica
        self.position = position
        self.received = received
        self.snapshot = snapshot
        self.timeline = timeline
    }

    /// No snapshot taken before this mark sees a commit behind this position.
    ///
    /// A replica makes a commit visible a moment before it counts its record as replayed, so the replayed position
    /// alone is too low by one record; what has been received bounds it.
    var seen: UInt64 {
        guard isReplica else { return position }
        return isBounded ? received ?? position : position + Self.recordAllowance
    }

    /// Whether a replica has received all that it may show; not while it still reads what it had before a restart.
    var isBounded: Bool { !isReplica || received.map { $0 >= position } ?? false }
}

extension ReplicaMark {
    /// Asks a server for a mark; needs no rights.
    ///
    /// The primary tells what it has flushed: a commit is visible only after that, and replicas are sent nothing
    /// else, so that nobody waits for what nobody sees. That holds unless `synchronous_commit` is off.
    static let question = """
        select pg_is_in_recovery(), \
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end, \
        case when pg_is_in_recovery() then pg_last_wal_receive_lsn() end, \
        pg_current_snapshot()
        """

    /// Asks for the history too. A primary names its files by it; the last checkpoint tells it only later. A replica
    /// shows which one it receives to roles with `pg_read_all_stats`; to others only at its next restart point.
    static let probeQuestion =
        question + """
            , case when pg_is_in_recovery() then greatest( \
            (select received_tli from pg_stat_wal_receiver), (select timeline_id from pg_control_checkpoint())) \
            else ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::int end
            """

    /// Reads an answer, as text; nil if it is none.
    init?(_ columns: [String?]) {
        guard columns.count == 4 || columns.count == 5, let recovery = columns[0],
            let position = columns[1].flatMap(Self.position), let text = columns[3],
            let snapshot = ReplicaSnapshot(text: text)
        else { return nil }
        self.init(
            isReplica: recovery == "t", position: position, received: columns[2].flatMap(Self.position),
            snapshot: snapshot, timeline: columns.count == 5 ? columns[4].flatMap { UInt32($0) } : nil)
    }

    /// A position as the server writes it, `16/B374D848`: two halves in hexadecimal.
    static func position(_ text: String) -> UInt64? {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = UInt32(halves[0], radix: 16),
            let low = UInt32(halves[1], radix: 16)
        else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }
}
