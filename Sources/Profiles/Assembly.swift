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
    let profile: Profile
    let metrics: MetricRegistry
    let logger: Logger

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
        let cache = cache()
        let pubSub = pubSub()
        return Backend(
            identity: RelationalIdentityStore(database), videos: RelationalVideoStore(database),
            directory: CachedTenantDirectory(base: RelationalTenantDirectory(database), cache: cache),
            events: events,
            deadLetters: TableDeadLetters(database: database), jobs: jobs, jobWakeup: jobs.wakeup,
            objects: objects, uploads: objects, objectEndpoint: objects, cache: cache, pubSub: pubSub,
            rateLimiter: MemoryRateLimiter(), passwords: passwordHasher(),
            tokens: try await tokenIssuer(tokenKey), playbackSigner: try playbackSigner(),
            requestDigest: { digestKey.code($0).base64URL }, media: try mediaEngine(),
            mediaLimits: mediaLimits,
            localFiles: .onDisk,
            machinery: machinery(relational, events, jobs), health: healthProbes(relational, objects))
    }
}
