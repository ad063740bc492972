import Feed
import Kernel
import Profiles

/// Reads the whole log anew into the feed, beside the running program.
///
/// What is there stays as it is, down to what people have read; what is missing comes. Nobody is written to of what is
/// old. How far back it reaches is how long the log keeps events.
struct FeedRebuild: Sendable {
    private static let batch = 256
    private static let wait: Duration = .seconds(1)
    private static let attempts = 3
    /// Polls in vain until the end is taken for reached: behind events, and before any (members of a group on Kafka get
    /// their partitions only after a while).
    private static let patience = (behind: 3, before: 60)
    private static let toldEvery = 1_000
    /// For the running program to come so near to the end of the log that this one may begin.
    private static let catchUp = 30

    private let backend: Backend
    private let projection: FeedProjection

    init(_ backend: Backend) {
        self.backend = backend
        projection = FeedProjection(
            store: backend.feed, pages: FeedPages(backend, lifetime: .seconds(1)),
            notices: NotificationNotices(backend.pubSub), owners: FeedOwners(backend))
    }

    func run() async throws {
        let retelling = try await retelling()
        try await backend.machinery.withFreshGroup("feed.rebuild") { group in
            let consumer = try await backend.events.consumer(of: group)
            do {
                try await read(consumer, group, retelling)
            } catch {
                await consumer.close()
                throw error
            }
            await consumer.close()
        }
    }

    private func retelling() async throws -> FeedRetelling {
        for attempt in 1...Self.catchUp {
            let lag = try await backend.events.lag(of: FeedProjection.group)
            if let retelling = FeedRetelling(at: .now(), behind: lag) { return retelling }
            if attempt == 1 {
                Output.line("group \(FeedProjection.group) is \(lag.events) events behind: waiting for it")
            }
            try await Task.sleep(for: Self.wait)
        }
        throw CommandFailure.failed(
            "group \(FeedProjection.group) is behind, and its letters would be lost: try again when it has caught up"
        )
    }

    private func read(
        _ consumer: any EventConsumer, _ group: String, _ retelling: FeedRetelling
    ) async throws {
        var (events, failed, vain) = (0, 0, 0)
        while true {
            let deliveries = try await consumer.poll(limit: Self.batch, wait: Self.wait)
            for delivery in deliveries {
                if try await !apply(delivery.event, retelling) { failed += 1 }
                _ = try await consumer.commit(delivery)
                events += 1
                if events % Self.toldEvery == 0 { Output.line("\(events) events, \(delivery.event.time)") }
            }
            vain = deliveries.isEmpty ? vain + 1 : 0
            guard deliveries.isEmpty else { continue }
            let isDone = try await backend.events.lag(of: group).events == 0
            if isDone || vain >= (events > 0 ? Self.patience.behind : Self.patience.before) { break }
        }
        Output.line("\(events) events read, \(failed) of them failed")
        guard failed == 0 else { throw CommandFailure.failed("some events could not be applied") }
    }

    private func apply(_ event: Event, _ retelling: FeedRetelling) async throws -> Bool {
        let mails = backend.mail != nil && retelling.mails(event)
        for attempt in 1...Self.attempts {
            do {
                try await projection.apply(event, mails: mails)
                return true
            } catch {
                if Task.isCancelled { throw error }
                if attempt == Self.attempts { Output.line("\(event.type) \(event.id): \(error)") }
                try await Task.sleep(for: .milliseconds(100 * attempt))
            }
        }
        return false
    }
}
