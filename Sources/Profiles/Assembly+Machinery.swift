import InProcess
import Kernel
import Logging
import MediaWorker
import Relational

extension Assembly {
    /// Once-records of requests and of applied events; longer than any client or log repeats itself.
    private static let onceRecordLifetime: Duration = .seconds(30 * 86_400)
    private static let finishedJobLifetime: Duration = .seconds(7 * 86_400)

    func machinery(
        _ relational: RelationalStore, _ events: EventStores, _ jobs: TableJobQueue,
        background: [@Sendable () async -> Void], close: @escaping @Sendable () async -> Void
    ) -> Machinery {
        let database = relational.database
        let logger = logger
        let leases = Leases(database)
        let outbox = Outbox(database)
        let owner = UUIDv7().description
        let relay = OutboxRelay(
            database: database, log: events.log, settings: events.relay, logger: logger)
        return Machinery(
            relay: {
                try await Self.untilPrepared(events, logger)
                try await relay.run()
            },
            holdsLease: { name, lifetime in
                try await leases.acquire(name, owner: owner, lifetime: lifetime) != nil
            },
            removeExpired: {
                try await events.removeExpired()
                _ = try await jobs.removeFinished(before: .now() - Self.finishedJobLifetime)
                _ = try await database.removeOnceRecords(before: .now() - Self.onceRecordLifetime)
            },
            gauges: {
                var gauges = [
                    Gauge(
                        name: "relational_writes_waiting", help: "Writes that wait for the writer.",
                        value: Double(relational.waitingWrites()), labels: [:])
                ]
                // A store that cannot be read has no depth to report; readiness tells of it.
                if let depth = try? await outbox.depth() {
                    gauges.append(
                        Gauge(
                            name: "outbox_events", help: "Events that wait to be told.", value: Double(depth),
                            labels: [:]))
                }
                return gauges
            },
            background: background, close: close)
    }

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
        ] + [log].compactMap(\.self)
    }
}
