import InProcess
import Kernel
import Logging
import MediaWorker
import Relational

extension Assembly {
    /// Once-records of requests and of applied events; longer than any client or log repeats itself.
    private static let onceRecordLifetime: Duration = .seconds(30 * 86_400)
    private static let finishedJobLifetime: Duration = .seconds(7 * 86_400)
    /// Longer than anybody who read a document before it went takes to index it.
    private static let removedDocumentLifetime: Duration = .seconds(86_400)

    func machinery(
        _ relational: RelationalStore, _ events: EventStores, _ jobs: JobQueues,
        background: [@Sendable () async -> Void], close: @escaping @Sendable () async -> Void
    ) -> Machinery {
        let databases = relational.databases
        let logger = logger
        let leases = Leases(databases.home)
        let outboxes = databases.all.map { Outbox($0.database) }
        let owner = UUIDv7().description
        // Each has a lease of its own, in the database whose outbox it moves.
        let relays = databases.all.map {
            OutboxRelay(database: $0.database, log: events.log, settings: events.relay, logger: logger)
        }
        let steps = removals(databases, events, jobs)
        return Machinery(
            relay: {
                try await Self.untilPrepared(events, logger)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for relay in relays { group.addTask { try await relay.run() } }
                    try await group.waitForAll()
                }
            },
            holdsLease: { name, lifetime in
                try await leases.acquire(name, owner: owner, lifetime: lifetime) != nil
            },
            removeExpired: {
                var failure: (any Error)?
                for step in steps { do { try await step() } catch { failure = failure ?? error } }
                if let failure { throw failure }
            },
            withFreshGroup: { name, body in try await Self.withFreshGroup(name, events, body) },
            gauges: {
                var gauges = [
                    Gauge(
                        name: "relational_writes_waiting", help: "Writes that wait for the writer.",
                        value: Double(relational.waitingWrites()), labels: [:])
                ]
                // A store that cannot be read has no depth to report; readiness tells of it.
                let depths = await Self.depths(of: outboxes)
                if !depths.isEmpty {
                    gauges.append(
                        Gauge(
                            name: "outbox_events", help: "Events that wait to be told.",
                            value: Double(depths.reduce(0, +)), labels: [:]))
                }
                return gauges
            },
            background: background, close: close)
    }

    /// Where groups are remembered, one left behind by a crash is forgotten by the next of its name.
    private static func withFreshGroup(
        _ name: String, _ events: EventStores, _ body: @Sendable (String) async throws -> Void
    ) async throws {
        guard let forget = events.forget else { return try await body("\(name).\(UUIDv7())") }
        try await forget(name)
        do {
            try await body(name)
        } catch {
            // The failure of the work is the one to tell.
            try? await forget(name)
            throw error
        }
        try await forget(name)
    }

    /// One that fails does not keep the rest from being done.
    private func removals(
        _ databases: TenantDatabases, _ events: EventStores, _ jobs: JobQueues
    ) -> [@Sendable () async throws -> Void] {
        let identity = databases.others.isEmpty ? nil : SpreadIdentityStore(databases)
        let retention = profile.feed.retention
        let sessionRetention = profile.identity.endedSessionRetention
        return [
            { try await events.removeExpired() },
            { _ = try await identity?.settleLapsed() },
            { try await jobs.removeFinished(.now() - Self.finishedJobLifetime) },
            {
                try await databases.forEach {
                    _ = try await $0.database.removeOnceRecords(before: .now() - Self.onceRecordLifetime)
                }
            },
            {
                try await databases.forEach {
                    _ = try await RelationalIdentityStore($0.database).removeSessions(
                        runOutBefore: .now() - sessionRetention)
                }
            },
            {
                try await databases.forEach {
                    _ = try await RelationalFeedStore($0.database).removeTold(before: .now() - retention)
                }
            },
            {
                try await databases.forEach {
                    _ = try await RelationalSearchIndex($0.database).forgetRemoved(
                        before: .now() - Self.removedDocumentLifetime)
                }
            },
        ]
    }

    /// Of those that answer soon.
    private static func depths(of outboxes: [Outbox]) async -> [Int] {
        await withTaskGroup(of: (depth: Int?, isOver: Bool).self) { group in
            for outbox in outboxes { group.addTask { (try? await outbox.depth(), false) } }
            group.addTask {
                // A cancelled sleep throws: then all have answered.
                try? await Task.sleep(for: gaugePatience)
                return (nil, true)
            }
            var depths: [Int] = []
            var answers = 0
            while answers < outboxes.count, let (depth, isOver) = await group.next(), !isOver {
                answers += 1
                if let depth { depths.append(depth) }
            }
            group.cancelAll()
            return depths
        }
    }

    private static let gaugePatience: Duration = .seconds(1)

    /// Brokers may be away when this process starts; events wait in the outbox meanwhile.
    private static func untilPrepared(_ events: EventStores, _ logger: Logger) async throws {
        let backoff = Backoff(first: .milliseconds(200), maximum: .seconds(10))
        var failures = 0
        while true {
            do { return try await events.prepare() } catch let error where Failure.wrapping(error).isTransient
            {
                failures += 1
                logger.warning("the log is not ready", metadata: ["error": "\(error)"])
                try await Task.sleep(for: backoff.delay(afterAttempt: failures))
            }
        }
    }

    func healthProbes(
        _ relational: RelationalStore, _ objects: ObjectStores, _ events: EventStores
    ) -> [HealthProbe] {
        let database = relational.database
        let log = events.check.map { check in
            HealthProbe(name: "events", isVital: false) {
                try await check()
                return nil
            }
        }
        return [
            HealthProbe(name: "relational", isVital: true) {
                try await database.check()
                return await relational.condition()
            },
            HealthProbe(name: "objects", isVital: false) {
                try await objects.check()
                return nil
            },
            HealthProbe(name: "media", isVital: false) { [profile] in
                guard case .libav(let settings) = profile.media else { return nil }
                let report = ConfinementReport.available()
                guard report.level >= Self.level(settings.minimumConfinement) else {
                    throw Failure(
                        .unavailable, "confinement",
                        "this machine confines media workers only as far as \"\(report.level.rawValue)\"")
                }
                return "confinement: \(report.level.rawValue)"
            },
        ] + relational.probes + [log].compactMap(\.self)
    }
}
