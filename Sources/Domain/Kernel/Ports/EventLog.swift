/// The durable log of events: ordered per key, read by consumer groups at least once.
package protocol EventLog: Sendable {
    /// Appends in order per tenant and key, and returns when durable.
    ///
    /// After a failure the log may hold some of them, never a key's later event without its earlier ones. Append
    /// them again before later events of their keys: doubles may come of it, and consumers apply an event once by id.
    func append(_ events: [Event]) async throws

    /// A member of `group`. Members share the partitions; a new group starts at the oldest event, so that whoever
    /// rebuilds reads with a group of its own.
    func consumer(of group: String) async throws -> any EventConsumer

    /// How far `group` is behind; all events are, for a group that has committed nothing.
    func lag(of group: String) async throws -> ConsumerLag
}

/// One member's view of its group's partitions. Used by one task at a time.
package protocol EventConsumer: Sendable {
    /// The next events of the partitions held, in order per partition; waits up to `wait` while there are none.
    ///
    /// What was polled and neither committed nor sent back comes again after `close` or when the hold lapses.
    /// An event that was tried before comes without others of its partition.
    func poll(limit: Int, wait: Duration) async throws -> [Delivery]

    /// The effects up to and including `delivery` are durable. False if the partition has gone to another member.
    func commit(_ delivery: Delivery) async throws -> Bool

    /// `delivery` failed: it and all behind it in its partition come again, not before `delay`, one attempt older.
    func sendBack(_ delivery: Delivery, delay: Duration) async throws

    /// Gives the partitions back at once.
    func close() async
}

/// An event and where it stands in its sequence.
package struct LoggedEvent: Sendable, Equatable {
    package let position: Int64
    package let event: Event

    package init(position: Int64, event: Event) {
        self.position = position
        self.event = event
    }
}

package struct Delivery: Sendable, Equatable {
    package let event: Event
    package let partition: Int
    package let position: Int64
    /// From 1; counts tries of the event at the head of the partition, also those that killed their process.
    package let attempt: Int

    package init(event: Event, partition: Int, position: Int64, attempt: Int) {
        self.event = event
        self.partition = partition
        self.position = position
        self.attempt = attempt
    }
}

package struct ConsumerLag: Sendable, Equatable {
    package let events: Int
    /// Of the oldest event not yet applied.
    package let oldest: Timestamp?

    package init(events: Int, oldest: Timestamp?) {
        self.events = events
        self.oldest = oldest
    }
}
