package import Kernel

/// A remote event log behind its guard. It has no stand-in: what cannot be appended waits in the outbox.
package struct GuardedEventLog: EventLog {
    private let log: any EventLog
    private let guarded: Guarded

    package init(_ log: any EventLog, by guarded: Guarded) {
        self.log = log
        self.guarded = guarded
    }

    /// Tried again: doubles of one event are applied once by its id, and nothing is appended behind in between.
    package func append(_ events: [Event]) async throws {
        try await guarded.run(guarded.call("append", isIdempotent: true)) { [log] in
            try await log.append(events)
        }
    }

    package func consumer(of group: String) async throws -> any EventConsumer {
        let consumer = try await guarded.run(guarded.call("consumer", isIdempotent: false)) { [log] in
            try await log.consumer(of: group)
        }
        return GuardedEventConsumer(consumer: consumer, guarded: guarded)
    }

    package func lag(of group: String) async throws -> ConsumerLag {
        try await guarded.run(guarded.call("lag", isIdempotent: true)) { [log] in
            try await log.lag(of: group)
        }
    }
}

private struct GuardedEventConsumer: EventConsumer {
    let consumer: any EventConsumer
    let guarded: Guarded

    /// Waiting for events is not slowness. Tried once: events of a lost answer come again by the log's own rule.
    func poll(limit: Int, wait: Duration) async throws -> [Delivery] {
        var call = guarded.call("poll", isIdempotent: false)
        call.deadline = wait + guarded.settings.deadline
        call.attemptDeadline = wait + guarded.settings.attemptDeadline
        return try await guarded.run(call) { [consumer] in
            try await consumer.poll(limit: limit, wait: wait)
        }
    }

    func commit(_ delivery: Delivery) async throws -> Bool {
        try await guarded.run(guarded.call("commit", isIdempotent: true)) { [consumer] in
            try await consumer.commit(delivery)
        }
    }

    /// Tried once: each makes the delivery one attempt older.
    func sendBack(_ delivery: Delivery, delay: Duration) async throws {
        try await guarded.run(guarded.call("send_back", isIdempotent: false)) { [consumer] in
            try await consumer.sendBack(delivery, delay: delay)
        }
    }

    func close() async {
        // A partition that could not be given back in time lapses by itself.
        try? await withDeadline(guarded.settings.deadline, of: guarded.name, time: guarded.time) {
            [consumer] in
            await consumer.close()
        }
    }
}
