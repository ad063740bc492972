package import Kernel

/// A remote cache behind its guard. Nothing but speed is lost where another stands in.
package struct GuardedCache: Cache {
    private let cache: any Cache
    private let guarded: Guarded
    private let substitute: Substitute<any Cache>?

    package init(_ cache: any Cache, by guarded: Guarded, fallback: Substitute<any Cache>? = nil) {
        self.cache = cache
        self.guarded = guarded
        substitute = fallback
    }

    package func get(_ key: String) async throws -> [UInt8]? {
        try await guarded.run(
            guarded.call("get", isIdempotent: true), fallback: substitute?.fallback { try await $0.get(key) }
        ) { [cache] in try await cache.get(key) }
    }

    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        try await guarded.run(
            guarded.call("set", isIdempotent: true),
            fallback: substitute?.fallback { try await $0.set(key, value, lifetime: lifetime) }
        ) { [cache] in try await cache.set(key, value, lifetime: lifetime) }
    }

    /// Tried once: after an answer that was lost, the same again would tell its winner that it lost.
    package func setIfAbsent(_ key: String, _ value: [UInt8], lifetime: Duration) async throws -> Bool {
        try await guarded.run(
            guarded.call("set_if_absent", isIdempotent: false),
            fallback: substitute?.fallback { try await $0.setIfAbsent(key, value, lifetime: lifetime) }
        ) { [cache] in try await cache.setIfAbsent(key, value, lifetime: lifetime) }
    }

    package func remove(_ key: String) async throws {
        try await guarded.run(
            guarded.call("remove", isIdempotent: true),
            fallback: substitute?.fallback { try await $0.remove(key) }
        ) { [cache] in try await cache.remove(key) }
    }
}
