package import Kernel
package import Relational

/// The event log in a table, for as long as one database carries all writes.
///
/// Positions follow the order of commits, since appends take turns.
package struct TableEventLog: EventLog {
    package struct Settings: Sendable {
        /// Fixed once the log holds events: another number would part a key's later events from its earlier ones.
        package var partitions: Int
        /// How often a waiting member looks for what other processes appended.
        package var pollInterval: Duration
        /// How long a member keeps its partitions without polling or committing.
        package var hold: Duration
        /// How long events are kept after every group has applied them.
        package var retention: Duration

        package init(
            partitions: Int = 8, pollInterval: Duration = .seconds(1), hold: Duration = .seconds(30),
            retention: Duration = .seconds(7 * 86_400)
        ) {
            self.partitions = partitions
            self.pollInterval = pollInterval
            self.hold = hold
            self.retention = retention
        }
    }

    let database: Database
    let settings: Settings
    let now: @Sendable () -> Timestamp
    /// Notified when members of this process may find something.
    let wakeup = Wakeup()

    package init(
        database: Database, settings: Settings = Settings(),
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.database = database
        self.settings = settings
        self.now = now
    }

    /// To be called at start: fixes the number of partitions, or throws `conflict` (code `partitions_changed`)
    /// if the log was made with another number and still holds events. An empty log takes the new number.
    package func prepare() async throws {
        let layout = PartitionLayout(partitions: settings.partitions)
        try await database.writeSystem { try layout.adopt($0) }
    }

    /// Events that the log holds already (by id) are passed over, so that no double comes of a failure.
    package func append(_ events: [Event]) async throws {
        guard !events.isEmpty else { return }
        let layout = PartitionLayout(partitions: settings.partitions)
        try await database.writeSystem { writer in
            try layout.require(writer)
            for event in events {
                _ = try writer.insertIfAbsent(
                    into: .eventLog, EventColumns.row(event), and: ["partition": layout.partition(of: event)])
            }
        }
        wakeup.notify()
    }

    package func consumer(of group: String) async throws -> any EventConsumer {
        let layout = PartitionLayout(partitions: settings.partitions)
        try await database.writeSystem { writer in
            try layout.require(writer)
            try layout.addOffsets(of: group, writer)
        }
        let member = GroupMember(
            group: group, name: UUIDv7().description, hold: settings.hold, partitions: settings.partitions)
        return TableEventConsumer(log: self, member: member)
    }

    package func lag(of group: String) async throws -> ConsumerLag {
        let partitions = settings.partitions
        return try await database.readSystem { reader in
            let offsets = try reader.select(
                "partition, position", from: .eventOffsets, where: "consumer_group = \(group)"
            ) { (try $0.next(Int.self), try $0.next(Int64.self)) }
            let applied = Dictionary(offsets) { first, _ in first }
            var events = 0
            var oldest: Timestamp?
            for partition in 0..<partitions {
                let behind: SQLText = "partition = \(partition) AND position > \(applied[partition] ?? 0)"
                events += try reader.first("count(*)", from: .eventLog, where: behind) { try $0.next() } ?? 0
                let head = try reader.first(
                    "time", from: .eventLog, where: behind, then: "ORDER BY position"
                ) { try $0.next(Timestamp.self) }
                if let head { oldest = min(oldest ?? head, head) }
            }
            return ConsumerLag(events: events, oldest: oldest)
        }
    }
}
