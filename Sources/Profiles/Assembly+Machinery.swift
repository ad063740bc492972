import InProcess
import Kernel
import MediaWorker
import Relational

extension Assembly {
    /// Once-records of requests and of applied events; longer than any client or log repeats itself.
    private static let onceRecordLifetime: Duration = .seconds(30 * 86_400)
    private static let finishedJobLifetime: Duration = .seconds(7 * 86_400)

    func machinery(
        _ relational: RelationalStore, _ events: TableEventLog, _ jobs: TableJobQueue
    ) -> Machinery {
        let database = relational.database
        let leases = Leases(database)
        let outbox = Outbox(database)
        let owner = UUIDv7().description
        let relay = relay(database, events)
        return Machinery(
            relay: { try await relay.run() },
            holdsLease: { name, lifetime in
                try await leases.acquire(name, owner: owner, lifetime: lifetime) != nil
            },
            removeExpired: {
                _ = try await events.removeExpired()
                _ = try await jobs.removeFinished(before: .now() - Self.finishedJobLifetime)
                try await database.removeOnceRecords(before: .now() - Self.onceRecordLifetime)
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
            close: { await relational.close() })
    }

    func healthProbes(_ relational: RelationalStore, _ objects: any ObjectStore) -> [HealthProbe] {
        let database = relational.database
        return [
            HealthProbe(name: "relational", isVital: true) {
                try await database.check()
                return nil
            },
            HealthProbe(name: "objects", isVital: false) {
                _ = try await objects.stat("health/probe")
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
        ]
    }
}
