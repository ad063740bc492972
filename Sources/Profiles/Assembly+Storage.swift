import Crypto
import FileObjects
import Foundation
import Kernel
import Logging
import Memory
import Relational
import SQLite
import Telemetry

extension Assembly {
    struct RelationalStore: Sendable {
        let database: Database
        let waitingWrites: @Sendable () -> Int
        let close: @Sendable () async -> Void
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
                database: Database(driver: driver), waitingWrites: { driver.waitingWrites },
                close: { await driver.close() })
        }
    }

    func objectStore() throws -> FileObjectStore {
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

    func cache() -> any Cache {
        switch profile.cache {
        case .memory(let settings):
            MemoryCache(maximumEntries: settings.maximumEntries, maximumBytes: settings.maximumBytes.asInt)
        }
    }

    func pubSub() -> any PubSub {
        switch profile.pubsub {
        case .memory(let settings): MemoryPubSub(maximumChannels: settings.maximumChannels)
        }
    }
}
