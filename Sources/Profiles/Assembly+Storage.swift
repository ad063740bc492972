import Crypto
import FileObjects
import Foundation
import Kernel
import Logging
import NIOPosix
import Postgres
import Relational
import Resilience
import S3Objects
import SQLite
import Telemetry

extension Assembly {
    struct RelationalStore: Sendable {
        let databases: TenantDatabases
        /// How long the positions of sessions matter; nil where there are no replicas.
        let positionLifetime: Duration?
        let waitingWrites: @Sendable () -> Int
        /// What there is to tell of its servers; nil if all is well.
        let condition: @Sendable () async -> String?
        let close: @Sendable () async -> Void
        /// Of the databases beside the one at home.
        var probes: [HealthProbe] = []

        /// Rows of tenants where they are, all else at home.
        var database: Database { databases.routed }
    }

    func relationalStore() async throws -> RelationalStore {
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
                databases: TenantDatabases(home: driver), positionLifetime: nil,
                waitingWrites: { driver.waitingWrites }, condition: { nil },
                close: { await driver.close() })
        case .postgres(let settings): return try await postgres(settings)
        }
    }

    private func postgres(_ settings: PostgresServersSettings) async throws -> RelationalStore {
        let configuration = try configuration(settings)
        _ = try await PostgresSchema(configuration).prepare()
        let driver = try PostgresDriver(
            configuration, routing: Self.routing(settings), logger: logger
        ) { [metrics] in metrics.note($0) }
        let tenants = try await tenantDatabases(settings)
        let databases = TenantDatabases(
            home: CountedDriver(base: driver, metrics: metrics),
            others: tenants.map { ($0.name, $0.driver) })
        return RelationalStore(
            databases: databases, positionLifetime: settings.replicas.maximumLag * 5,
            waitingWrites: { tenants.map { $0.waitingWrites() }.reduce(driver.load.waiting, +) },
            condition: { driver.health?.summary },
            close: {
                for tenant in tenants { await tenant.driver.close() }
                await driver.close()
            }, probes: probes(of: databases, tenants))
    }

    func configuration(_ settings: PostgresServersSettings) throws -> PostgresSettings {
        var configuration = PostgresSettings(url: try secret(settings.url, .text).text)
        configuration.connections = settings.connections
        configuration.pipelineConnections = settings.pipelines
        configuration.maximumQueue = settings.maximumQueue
        configuration.statementDeadline = settings.statementDeadline
        configuration.connectDeadline = settings.connectDeadline
        return configuration
    }

    func objectStore() async throws -> ObjectStores {
        switch profile.objects {
        case .files(let settings):
            try LocalFolders.make(settings.path)
            let store = try FileObjectStore(
                FileObjectStore.Configuration(
                    root: settings.path,
                    signingKey: try secret(settings.signingKey, .symmetricKey).symmetricKey.withUnsafeBytes(
                        Array.init),
                    maximumTransfers: settings.maximumTransfers,
                    minimumFreeBytes: settings.minimumFreeBytes.bytes))
            return ObjectStores(objects: store, uploads: store, endpoint: store) {
                _ = try await store.stat("health/probe")
            }
        case .s3(let settings): return try await s3(settings)
        }
    }

    private func s3(_ settings: S3ObjectsSettings) async throws -> ObjectStores {
        func text(_ reference: SecretReference) throws -> String { try secret(reference, .text).text }
        var configuration = S3ObjectStore.Settings(
            endpoint: try text(settings.endpoint), region: settings.region, bucket: try text(settings.bucket),
            credentials: S3Credentials(
                accessKey: try text(settings.accessKey), secretKey: try text(settings.secretKey)))
        configuration.publicEndpoint = try text(settings.publicEndpoint)
        configuration.pathStyle = settings.pathStyle
        configuration.keyPrefix = settings.keyPrefix
        // Around it, calls are repeated as well.
        configuration.attempts = 2
        configuration.maximumConnections = settings.maximumConnections
        configuration.connectDeadline = settings.connectDeadline
        configuration.requestDeadline = settings.requestDeadline
        configuration.allowedOrigins = [profile.http.publicURL] + profile.http.allowedOrigins
        let store = try S3ObjectStore(
            configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        do {
            try await S3Bucket(store).prepare()
        } catch  where Failure.wrapping(error).isTransient {
            // Whoever needs no file can be served meanwhile, and readiness tells.
            logger.warning("the bucket could not be prepared", metadata: ["error": "\(error)"])
        }
        let guarded = guarded(
            "objects", deadline: settings.requestDeadline, concurrent: settings.maximumConnections)
        return ObjectStores(
            objects: GuardedObjectStore(store, by: guarded),
            uploads: GuardedMultipartStore(store, by: guarded),
            origin: store.publicOrigin, check: { try await store.check() }, close: { await store.close() })
    }
}

/// Where files are kept, in the shapes that the ports have.
struct ObjectStores: Sendable {
    let objects: any ObjectStore
    let uploads: any MultipartStore
    let endpoint: (any SignedObjectEndpoint)?
    /// Where clients send parts, if that is not the application's own origin.
    let origin: String?
    let check: @Sendable () async throws -> Void
    let close: @Sendable () async -> Void

    init(
        objects: any ObjectStore, uploads: any MultipartStore, endpoint: (any SignedObjectEndpoint)? = nil,
        origin: String? = nil, check: @escaping @Sendable () async throws -> Void,
        close: @escaping @Sendable () async -> Void = {}
    ) {
        self.objects = objects
        self.uploads = uploads
        self.endpoint = endpoint
        self.origin = origin
        self.check = check
        self.close = close
    }
}

extension ReplicaHealth {
    /// Nil if all servers are of use.
    var summary: String? {
        out.isEmpty
            ? nil : out.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
}

extension MetricRegistry {
    func note(_ observation: ReplicaObservation) {
        switch observation {
        case .readFromReplica: countRead("replica")
        case .readFromPrimary(let reason): countRead("primary", "\(reason)")
        case .lag(let server, let bytes):
            set(
                "relational_replica_lag_bytes", to: Double(bytes),
                help: "History a replica has yet to replay.",
                labels: ["server": server])
        case .writeRetried:
            add(
                to: "relational_write_retries_total",
                help: "Writes tried again, as nothing of them had happened.")
        case .outcomeUnknown:
            add(to: "relational_unknown_outcomes_total", help: "Writes whose commit was not answered.")
        case .refused, .detour, .doubtful:
            add(to: "relational_detours_total", help: "Reads that found a replica unfit and went elsewhere.")
        case .change:
            add(to: "relational_server_changes_total", help: "Changes in the parts that servers play.")
        }
    }

    private func countRead(_ server: String, _ reason: String = "") {
        add(
            to: "relational_reads_total", help: "Reads by the kind of server that answered, and why.",
            labels: ["server": server, "reason": reason])
    }
}
