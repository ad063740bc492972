import Foundation
import Kernel
import Logging
import Synchronization
import TestDatabase
import Testing

@testable import Kafka

private let sharedBrokers = ProcessInfo.processInfo.environment["CLOUDSTREAM_KAFKA_BROKERS"]

/// Groups of two processes of which one goes, on the broker that tests share.
@Suite(
    .serialized,
    .enabled(
        if: sharedBrokers != nil,
        "CLOUDSTREAM_KAFKA_BROKERS names no broker; `bench cluster up` starts one."),
    .timeLimit(.minutes(8)))
struct GroupFaultTests {
    @Test func `while a member with a name restarts, the other keeps its partitions and gets no more`()
        async throws
    {
        let topic = "group-tests-\(UUIDv7())"
        let (first, second) = (
            try Self.process(topic, name: "node-1"), try Self.process(topic, name: "node-2")
        )
        try await first.log.prepare()
        try await second.log.prepare()
        let history = Effects()
        let one = try await Reader(first.log, history), two = try await Reader(second.log, history)
        #expect(
            try await eventually(within: .seconds(120)) {
                await (one.partitions.count, two.partitions.count) == (2, 2)
            })
        let before = await (one.partitions, two.partitions)
        try await Self.append(0..<100, first.log, history)
        #expect(try await eventually(within: .seconds(120)) { history.count == 100 })
        let changes = second.changes.count
        #expect(
            try await eventually(within: .seconds(120)) { try await first.log.lag(of: "group").events == 0 })
        await one.end()
        let again = try await Reader(first.log, history)
        try await Self.append(100..<200, second.log, history)
        #expect(try await eventually(within: .seconds(120)) { history.count == 200 })
        let after = await (again.partitions, two.partitions)
        #expect(after == before)
        #expect(second.changes.list.dropFirst(changes) == [])
        // Effects of the last poll before the end may not have been committed; here all were.
        #expect(history.faults == [])
        await again.end()
        await two.end()
        await first.log.close()
        await second.log.close()
    }

    @Test func `partitions of a process cut off from the broker pass to the other, and return when it heals`()
        async throws
    {
        let topic = "group-tests-\(UUIDv7())"
        let port = try #require(sharedBrokers?.split(separator: ":").last.flatMap { Int($0) })
        let line = try BrokerLine(to: port)
        let there = try Self.process(topic, isCut: true)
        let here = try Self.process(topic, brokers: "127.0.0.1:\(line.port)", isCut: true)
        try await there.log.prepare()
        try await here.log.prepare()
        let history = Effects()
        let cut = try await Reader(here.log, history), other = try await Reader(there.log, history)
        #expect(
            try await eventually(within: .seconds(120)) {
                await (cut.partitions.count, other.partitions.count) == (2, 2)
            })
        try await Self.append(0..<100, there.log, history)
        #expect(try await eventually(within: .seconds(120)) { history.count >= 50 })
        line.hold()
        try await Self.append(100..<200, there.log, history)
        #expect(try await eventually(within: .seconds(120)) { await other.partitions.count == 4 })
        #expect(try await eventually(within: .seconds(120)) { history.count == 200 })
        line.heal()
        #expect(try await eventually(within: .seconds(120)) { await cut.partitions.count == 2 })
        let applied = cut.applied
        try await Self.append(200..<300, there.log, history)
        #expect(try await eventually(within: .seconds(120)) { history.count == 300 })
        #expect(cut.applied > applied)
        // What was applied and not committed comes again, which its key makes harmless.
        #expect(history.faultsOfFirst == [])
        await cut.end()
        await other.end()
        await there.log.close()
        await here.log.close()
        line.end()
    }

    // MARK: - Processes

    private struct Process {
        let log: KafkaEventLog
        let changes: PartitionChanges
    }

    /// A group in which one is cut off notices it soon; else all may take their time.
    private static func process(
        _ topic: String, name: String? = nil, brokers: String? = nil, isCut: Bool = false
    ) throws -> Process {
        var settings = KafkaSettings(brokers: brokers ?? sharedBrokers ?? "", topic: topic, partitions: 4)
        settings.replicationFactor = 1
        settings.minimumInSyncReplicas = 1
        settings.requestDeadline = brokers == nil ? .seconds(30) : .seconds(5)
        settings.consumer.groupInstanceID = name
        settings.consumer.sessionTimeout = isCut ? .seconds(6) : .seconds(15)
        settings.consumer.heartbeat = .milliseconds(500)
        settings.consumer.maximumPollInterval = isCut ? .seconds(12) : .seconds(60)
        let changes = PartitionChanges()
        let logger = Logger(label: "test") { _ in changes.handler }
        return Process(log: try KafkaEventLog(settings: settings, logger: logger), changes: changes)
    }

    private static func append(
        _ numbers: Range<Int>, _ log: KafkaEventLog, _ history: Effects
    ) async throws {
        let events = numbers.map { Event.sample(key: "\($0 % 16)", number: $0) }
        history.commit(events)
        for start in stride(from: 0, to: events.count, by: 10) {
            try await log.append(Array(events[start..<min(start + 10, events.count)]))
        }
    }
}

/// What was committed, and what all members did.
private final class Effects: Sendable {
    private struct State {
        var committed: [Event] = []
        var applied: [Event] = []
    }

    private let state = Mutex(State())

    func commit(_ events: [Event]) { state.withLock { $0.committed += events } }

    func apply(_ event: Event) { state.withLock { $0.applied.append(event) } }

    /// Events that had their effect.
    var count: Int { state.withLock { Set($0.applied.map(\.id)).count } }

    var faults: Set<EventHistory.Fault> {
        let state = state.withLock { $0 }
        return Self.history(state.committed, state.applied).faults
    }

    /// As if effects came to nothing the second time.
    var faultsOfFirst: Set<EventHistory.Fault> {
        let state = state.withLock { $0 }
        return Self.history(state.committed, firstComings(state.applied)).faults
    }

    private static func history(_ committed: [Event], _ applied: [Event]) -> EventHistory {
        var history = EventHistory()
        for event in committed { history.commit(event) }
        for event in applied { history.apply(event) }
        return history
    }
}

/// The consumer of a reader, which is another after a failure.
private final class Membership: Sendable {
    private let consumer: Mutex<KafkaEventConsumer>

    init(_ consumer: KafkaEventConsumer) { self.consumer = Mutex(consumer) }

    var current: KafkaEventConsumer {
        get { consumer.withLock { $0 } }
        set { consumer.withLock { $0 = newValue } }
    }
}

/// A member that applies whatever it gets until it is told to end.
private final class Reader: Sendable {
    private let membership: Membership
    private let reading: Task<Void, Never>
    private let own: Effects

    init(_ log: KafkaEventLog, _ effects: Effects) async throws {
        let membership = Membership(try await Self.consumer(log))
        let own = Effects()
        (self.membership, self.own) = (membership, own)
        reading = Task {
            while !Task.isCancelled {
                do {
                    try await Self.work(membership.current, effects, own)
                } catch {
                    // As the product does: what was in hand comes again, to whoever has the partition then. Going on with
                    // this member would pass it over.
                    await membership.current.close()
                    while !Task.isCancelled {
                        if let new = try? await Self.consumer(log) {
                            membership.current = new
                            break
                        }
                        // Ends early only when cancelled, and so does the loop.
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }
            }
        }
    }

    private static func consumer(_ log: KafkaEventLog) async throws -> KafkaEventConsumer {
        try #require(try await log.consumer(of: "group") as? KafkaEventConsumer)
    }

    private static func work(_ consumer: KafkaEventConsumer, _ effects: Effects, _ own: Effects) async throws
    {
        // Of a partition that is gone nothing more is for this member; of the others all is.
        var gone: Set<Int> = []
        for delivery in try await consumer.poll(limit: 5, wait: .milliseconds(100))
        where !gone.contains(delivery.partition) {
            effects.apply(delivery.event)
            own.apply(delivery.event)
            if try await !consumer.commit(delivery) { gone.insert(delivery.partition) }
        }
    }

    var partitions: Set<Int> { get async { Set(await membership.current.ledgers.keys) } }

    /// Events that had their effect here.
    var applied: Int { own.count }

    func end() async {
        reading.cancel()
        await reading.value
        await membership.current.close()
    }
}

/// What a process's members logged of their partitions.
private final class PartitionChanges: Sendable {
    private let changes = Mutex<[String]>([])

    var list: [String] { changes.withLock { $0 } }
    var count: Int { list.count }

    var handler: Handler { Handler(changes: self) }

    struct Handler: LogHandler {
        let changes: PartitionChanges
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.message.description == "Kafka partitions changed.",
                let change = event.metadata?["change"]
            else { return }
            // A round of the group in which nothing came or went.
            guard !"\(change)".hasSuffix("([])") else { return }
            changes.changes.withLock { $0.append("\(change)") }
        }
    }
}
