import Crypto
import FileObjects
import Foundation
import InProcess
import Kernel
package import Logging
import MediaWorker
import Memory
import Relational
import SQLite
import Security
package import Telemetry
import Videos

/// From profile to backend: the one place that chooses adapters.
package struct Assembly: Sendable {
    private let profile: Profile
    private let metrics: MetricRegistry
    private let logger: Logger

    package init(_ profile: Profile, metrics: MetricRegistry, logger: Logger) {
        self.profile = profile
        self.metrics = metrics
        self.logger = logger
    }

    /// Opens everything bottom up; the schema is up to date when this returns.
    package func backend() async throws -> Backend {
        let relational = try await relationalStore()
        let database = relational.database
        let events = try await eventLog(database)
        let jobs = jobQueue(database)
        let objects = try objectStore()
        let tokenKey = try secret(profile.identity.tokenKey, .signingKey).signingKey()
        let digestKey = SealingKey(
            secret: SymmetricKey(data: tokenKey.rawRepresentation), purpose: "request-digests")
        let pubSub = pubSub()
        return Backend(
            identity: RelationalIdentityStore(database), videos: RelationalVideoStore(database),
            directory: RelationalTenantDirectory(database), events: events,
            deadLetters: TableDeadLetters(database: database), jobs: jobs, jobWakeup: jobs.wakeup,
            objects: objects, uploads: objects, objectEndpoint: objects, cache: cache(), pubSub: pubSub,
            rateLimiter: MemoryRateLimiter(), passwords: passwordHasher(),
            tokens: try await tokenIssuer(tokenKey), playbackSigner: try playbackSigner(),
            requestDigest: { digestKey.code($0).base64URL }, media: mediaEngine(), mediaLimits: mediaLimits,
            localFiles: .onDisk,
            machinery: machinery(relational, events, jobs), health: healthProbes(relational, objects))
    }
}

// MARK: - Storage

extension Assembly {
    struct RelationalStore: Sendable {
        let database: Database
        let waitingWrites: @Sendable () -> Int
        let close: @Sendable () async -> Void
    }

    private func relationalStore() async throws -> RelationalStore {
        switch profile.relational {
        case .sqlite(let settings):
            try LocalFolders.make(parentOf: settings.path)
            let driver = try SQLiteDriver(
                .init(
                    path: settings.path, readers: settings.readers, maximumBatch: settings.maximumBatch,
                    maximumQueue: settings.maximumQueue, busyTimeout: settings.busyTimeout,
                    statementDeadline: settings.statementDeadline)
            ) { [metrics] writes in
                metrics.add(to: "relational_commits_total", help: "Commits of the writer.")
                metrics.observe(
                    Double(writes), in: "relational_commit_writes", help: "Writes that shared a commit.")
            }
            let applied = try await Migrator(driver: driver).migrate()
            if !applied.isEmpty { logger.info("schema migrated", metadata: ["migrations": "\(applied)"]) }
            return RelationalStore(
                database: Database(driver: driver), waitingWrites: { driver.waitingWrites },
                close: { await driver.close() })
        }
    }

    private func objectStore() throws -> FileObjectStore {
        switch profile.objects {
        case .files(let settings):
            try LocalFolders.make(settings.path)
            return try FileObjectStore(
                FileObjectStore.Configuration(
                    root: settings.path,
                    signingKey: try secret(settings.signingKey, .symmetricKey).symmetricKey.withUnsafeBytes(
                        Array.init),
                    maximumTransfers: settings.maximumTransfers,
                    minimumFreeBytes: settings.minimumFreeBytes.bytes))
        }
    }

    private func cache() -> any Cache {
        switch profile.cache {
        case .memory(let settings):
            MemoryCache(maximumEntries: settings.maximumEntries, maximumBytes: settings.maximumBytes.asInt)
        }
    }

    private func pubSub() -> any PubSub {
        switch profile.pubsub {
        case .memory: MemoryPubSub()
        }
    }
}

// MARK: - Events and jobs

extension Assembly {
    private func eventLog(_ database: Database) async throws -> TableEventLog {
        switch profile.events {
        case .inProcess(let settings):
            let log = TableEventLog(
                database: database,
                settings: .init(
                    partitions: settings.partitions, pollInterval: settings.pollInterval,
                    hold: settings.lease,
                    retention: settings.retention))
            try await log.prepare()
            return log
        }
    }

    private func jobQueue(_ database: Database) -> TableJobQueue {
        switch profile.jobs {
        case .table(let settings):
            TableJobQueue(database: database, settings: .init(maximumAttempts: settings.maximumAttempts))
        }
    }

    private func relay(_ database: Database, _ log: any EventLog) -> OutboxRelay {
        switch profile.events {
        case .inProcess(let settings):
            OutboxRelay(
                database: database, log: log,
                settings: .init(
                    batch: settings.batch, pollInterval: settings.pollInterval, leaseLifetime: settings.lease),
                logger: logger)
        }
    }
}

// MARK: - Security

extension Assembly {
    private func secret(_ reference: SecretReference, _ kind: SecretKind) throws -> Secret {
        try reference.resolve(kind, createMissing: profile.secrets.createMissing)
    }

    private func passwordHasher() -> ScryptPasswordHasher {
        let settings = profile.identity.passwordHash
        return ScryptPasswordHasher(rounds: settings.scryptRounds, concurrent: settings.concurrent)
    }

    private func tokenIssuer(_ key: Curve25519.Signing.PrivateKey) async throws -> SignedTokenIssuer {
        let identity = profile.identity
        return try await SignedTokenIssuer(
            privateKey: key,
            settings: .init(
                issuer: identity.issuer, audience: identity.audience,
                accessLifetime: identity.accessTokenLifetime))
    }

    private func playbackSigner() throws -> HMACPlaybackSigner {
        HMACPlaybackSigner(
            secret: try secret(profile.playback.signingKey, .symmetricKey).symmetricKey,
            lifetime: profile.playback.lifetime)
    }
}

// MARK: - Media

extension Assembly {
    private var mediaLimits: MediaLimits {
        switch profile.media {
        case .libav(let settings):
            MediaLimits(
                maximumDurationSeconds: settings.maximumDuration.inSeconds,
                maximumWidth: settings.maximumPixels.width, maximumHeight: settings.maximumPixels.height,
                preset: settings.preset.rawValue, threadsPerEncoder: settings.threadsPerEncoder,
                segmentSeconds: settings.segmentSeconds)
        }
    }

    private func mediaEngine() -> any MediaEngine {
        switch profile.media {
        case .libav(let settings):
            var configuration = ChildProcessMediaEngine.Configuration()
            configuration.memoryBytes = settings.memory.asInt
            configuration.fileBytes = settings.fileBytes.asInt
            configuration.stallSeconds = settings.stall.inSeconds
            configuration.transcodeDeadlineSeconds = settings.deadline.inSeconds
            configuration.minimumConfinement = Self.level(settings.minimumConfinement)
            let logger = logger
            return ChildProcessMediaEngine(configuration) { text in
                logger.warning("media worker", metadata: ["diagnostics": "\(text)"])
            }
        }
    }

    private static func level(_ requirement: ConfinementRequirement) -> ConfinementLevel {
        switch requirement {
        case .none: .none
        case .limits: .limits
        case .noNetwork: .noNetwork
        case .full: .full
        }
    }
}

// MARK: - What keeps it going

extension Assembly {
    /// Once-records of requests and of applied events; longer than any client or log repeats itself.
    private static let onceRecordLifetime: Duration = .seconds(30 * 86_400)
    private static let finishedJobLifetime: Duration = .seconds(7 * 86_400)

    private func machinery(
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

    private func healthProbes(_ relational: RelationalStore, _ objects: any ObjectStore) -> [HealthProbe] {
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
