import Crypto
import Identity
import InProcess
import Kernel
package import Logging
import Proxy
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
        let jobs = jobQueues(relational.databases)
        let objects = try await objectStore()
        let tokenKey = try secret(profile.identity.tokenKey, .signingKey).signingKey()
        let digestKey = SealingKey(
            secret: SymmetricKey(data: tokenKey.rawRepresentation), purpose: "request-digests")
        let pubSub = try pubSub()
        let cache = try cache(hints: pubSub.port)
        let rateLimiter = try rateLimiter()
        let instances = instances(database, pubSub.port)
        let names = nameDirectory()
        let feed = feedStore(relational.databases)
        return Backend(
            identity: identityStore(relational.databases), videos: videoStore(relational.databases),
            reviews: RelationalReviewStore(relational.databases.routed),
            chat: RelationalChatStore(relational.databases.routed),
            polls: RelationalPollStore(relational.databases.routed),
            search: BoundedSearchIndex(RelationalSearchIndex(database), profile.search), feed: feed,
            mails: feed, mail: try mailSender(),
            directory: CachedTenantDirectory(base: RelationalTenantDirectory(database), cache: cache.all),
            tenants: RelationalTenantDirectory(database).tenants,
            sessionPositions: relational.positionLifetime.map {
                SessionPositions(cache.shared, lifetime: $0)
            },
            events: events.log, deadLetters: events.deadLetters, jobs: jobs.port, jobWakeup: jobs.wakeup,
            objects: objects.objects, uploads: objects.uploads, objectEndpoint: objects.endpoint,
            objectOrigin: objects.origin, cache: cache.all, sharedCache: cache.shared, pubSub: pubSub.port,
            rateLimiter: rateLimiter.port, instances: instances,
            discovery: names.map { $0 as any InstanceDirectory } ?? instances,
            passwords: passwordHasher(), tokens: try await tokenIssuer(tokenKey),
            playbackSigner: try playbackSigner(),
            shareTokens: HMACShareTokens(secret: SymmetricKey(data: tokenKey.rawRepresentation)),
            serviceToken: try serviceToken(),
            checkCaller: try await callerCheck(), requestDigest: { digestKey.code($0).base64URL },
            media: try mediaEngine(), mediaLimits: mediaLimits, localFiles: .onDisk,
            machinery: machinery(relational, events, jobs, background: [cache.listen].compactMap(\.self)) {
                await names?.close()
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

    private func identityStore(_ databases: TenantDatabases) -> any IdentityStore {
        databases.others.isEmpty
            ? RelationalIdentityStore(databases.home) : SpreadIdentityStore(databases)
    }

    private func videoStore(_ databases: TenantDatabases) -> any VideoStore {
        RelationalVideoStore(databases.routed, parts: databases.all.map(\.database))
    }

    private func feedStore(_ databases: TenantDatabases) -> RelationalFeedStore {
        RelationalFeedStore(databases.routed, parts: databases.all.map(\.database))
    }

    private func instances(_ database: Database, _ pubSub: any PubSub) -> any InstanceRegistry {
        var settings = RelationalInstanceRegistry.Settings()
        settings.lifetime = profile.registry.lifetime
        return RelationalInstanceRegistry(database, hints: pubSub, settings: settings)
    }

    /// Nil where the registry tells.
    private func nameDirectory() -> DNSInstanceDirectory? {
        guard profile.roles.contains(.gateway), case .dns(let dns) = profile.gateway.discovery else {
            return nil
        }
        return DNSInstanceDirectory(
            [
                ProcessRole.api.rawValue: .init(host: dns.name, port: dns.port),
                ProcessRole.chat.rawValue: .init(
                    host: dns.chatName.isEmpty ? dns.name : dns.chatName, port: dns.port),
            ],
            server: dns.server.isEmpty ? nil : .init(address: dns.server, port: dns.serverPort))
    }
}
