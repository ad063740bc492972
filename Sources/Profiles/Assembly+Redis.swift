import Kernel
import Memory
import NIOPosix
import Redis
import Resilience
import Telemetry

/// What a section uses Redis for, and what decides when others stand in.
struct RedisUse: Sendable {
    let client: RedisClient
    let fallback: FallbackSwitch
}

extension Assembly {
    /// One client for each section that names Redis: a slow cache must not hold up the hints.
    func redis(
        _ name: String, _ settings: RedisConnectionSettings, maximumValueBytes: Int? = nil,
        maximumChannels: Int? = nil
    ) throws
        -> RedisUse
    {
        var configuration = RedisSettings(url: try secret(settings.url, .text).text)
        configuration.keyPrefix = settings.keyPrefix
        configuration.connectDeadline = settings.connectDeadline
        configuration.commandDeadline = settings.commandDeadline
        configuration.maximumInFlight = settings.maximumInFlight
        configuration.maximumValueBytes = maximumValueBytes ?? configuration.maximumValueBytes
        configuration.maximumChannels = maximumChannels ?? configuration.maximumChannels
        let client = try RedisClient(
            settings: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let fallback = FallbackSwitch(name) { [metrics] event in
            switch event {
            case .fellBack(let dependency, let operation):
                metrics.add(
                    to: "dependency_fallbacks_total", help: "Calls that a stand-in served.",
                    labels: ["dependency": dependency, "operation": operation])
            case .breakerChanged(let dependency, let state):
                metrics.note(state, of: dependency)
            }
        }
        return RedisUse(client: client, fallback: fallback)
    }

    func cache(hints: any PubSub) throws -> Caches {
        switch profile.cache {
        case .memory(let settings):
            let cache = Self.memory(settings)
            return Caches(all: cache, shared: cache)
        case .redis(let settings):
            let use = try redis(
                "cache", settings.connection, maximumValueBytes: settings.maximumValueBytes.asInt)
            let remote = RedisCache(client: use.client)
            let far = FallbackCache(remote, local: Self.memory(settings.fallback), by: use.fallback)
            let near = MemoryCache(
                maximumEntries: settings.near.maximumEntries, maximumBytes: settings.near.maximumBytes.asInt)
            let tiered = TieredCache(
                near: near, far: far, nearLifetime: settings.near.lifetime, hints: hints
            ) { [metrics] tier in
                metrics.add(
                    to: "cache_reads_total", help: "Reads of the cache by the tier that answered.",
                    labels: ["tier": tier.rawValue])
            }
            return Caches(
                all: tiered, shared: FallbackCache(remote, local: AbsentCache(), by: use.fallback),
                listen: { await tiered.listen() }, probe: probe("cache", use),
                close: { await use.client.close() })
        }
    }

    func pubSub() throws -> Opened<any PubSub> {
        switch profile.pubsub {
        case .memory(let settings): return Opened(MemoryPubSub(maximumChannels: settings.maximumChannels))
        case .redis(let settings):
            let use = try redis("pubsub", settings.connection, maximumChannels: settings.maximumChannels)
            let pubSub = RedisPubSub(client: use.client)
            return Opened(
                FallbackPubSub(pubSub, by: use.fallback), probe: probe("pubsub", use),
                close: {
                    await pubSub.close()
                    await use.client.close()
                })
        }
    }

    func rateLimiter() throws -> Opened<any RateLimiter> {
        switch profile.rateLimits {
        case .memory(let settings): return Opened(MemoryRateLimiter(maximumKeys: settings.maximumKeys))
        case .redis(let settings):
            let use = try redis("rateLimits", settings.connection)
            return Opened(
                FallbackRateLimiter(
                    RedisRateLimiter(client: use.client),
                    local: MemoryRateLimiter(maximumKeys: settings.fallback.maximumKeys), by: use.fallback),
                probe: probe("rateLimits", use), close: { await use.client.close() })
        }
    }

    private static func memory(_ settings: MemoryCacheSettings) -> MemoryCache {
        MemoryCache(maximumEntries: settings.maximumEntries, maximumBytes: settings.maximumBytes.asInt)
    }

    private func probe(_ name: String, _ use: RedisUse) -> HealthProbe {
        HealthProbe(name: name, isVital: false) {
            try await use.client.ping()
            return nil
        }
    }
}

/// The cache, as most see it and as those do who must see others' changes at once.
struct Caches: Sendable {
    let all: any Cache
    let shared: any Cache
    /// Runs beside the process's services.
    let listen: (@Sendable () async -> Void)?
    let probe: HealthProbe?
    let close: @Sendable () async -> Void

    init(
        all: any Cache, shared: any Cache, listen: (@Sendable () async -> Void)? = nil,
        probe: HealthProbe? = nil, close: @escaping @Sendable () async -> Void = {}
    ) {
        self.all = all
        self.shared = shared
        self.listen = listen
        self.probe = probe
        self.close = close
    }
}
