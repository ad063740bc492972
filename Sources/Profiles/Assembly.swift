import Crypto
import InProcess
import Kernel
package import Logging
import Relational
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
        let objects = try await objectStore()
        let tokenKey = try secret(profile.identity.tokenKey, .signingKey).signingKey()
        let digestKey = SealingKey(
            secret: SymmetricKey(data: tokenKey.rawRepresentation), purpose: "request-digests")
        let pubSub = try pubSub()
        let cache = try cache(hints: pubSub.port)
        let rateLimiter = try rateLimiter()
        return Backend(
            identity: RelationalIdentityStore(database), videos: RelationalVideoStore(database),
            directory: CachedTenantDirectory(base: RelationalTenantDirectory(database), cache: cache.all),
            sessionPositions: relational.positionLifetime.map {
                SessionPositions(cache.shared, lifetime: $0)
            },
            events: events.log, deadLetters: events.deadLetters, jobs: jobs, jobWakeup: jobs.wakeup,
            objects: objects.objects, uploads: objects.uploads, objectEndpoint: objects.endpoint,
            objectOrigin: objects.origin, cache: cache.all, pubSub: pubSub.port,
            rateLimiter: rateLimiter.port, instances: instances(database, pubSub.port),
            passwords: passwordHasher(), tokens: try await tokenIssuer(tokenKey),
            playbackSigner: try playbackSigner(), requestDigest: { digestKey.code($0).base64URL },
            media: try mediaEngine(), mediaLimits: mediaLimits, localFiles: .onDisk,
            machinery: machinery(relational, events, jobs, background: [cache.listen].compactMap(\.self)) {
                await rateLimiter.close()
                await pubSub.close()
                await cache.close()
                await objects.close()
                await events.close()
                await relational.close()
            },
            health: healthProbes(relational, objects, events)
                + [cache.probe, pubSub.probe, rateLimiter.probe].compactMap(\.self))
    }

    private func instances(_ database: Database, _ pubSub: any PubSub) -> any InstanceRegistry {
        var settings = RelationalInstanceRegistry.Settings()
        settings.lifetime = profile.registry.lifetime
        return RelationalInstanceRegistry(database, hints: pubSub, settings: settings)
    }
}
