package import Kernel

/// A small cache in this process before one that all processes share.
///
/// What another process changes is noticed by a hint at once, and without it after `nearLifetime` at the latest.
package final class TieredCache: Cache {
    /// Where an answer came from.
    package enum Tier: String, Sendable { case near, far, none }

    private static let channel = "cache/changed"
    private static let capacity = 10_000
    private static let pause: Duration = .milliseconds(500)

    private let near: MemoryCache
    private let far: any Cache
    private let nearLifetime: Duration
    private let hints: any PubSub
    private let observe: @Sendable (Tier) -> Void

    package init(
        near: MemoryCache, far: any Cache, nearLifetime: Duration, hints: any PubSub,
        observe: @escaping @Sendable (Tier) -> Void = { _ in }
    ) {
        self.near = near
        self.far = far
        self.nearLifetime = nearLifetime
        self.hints = hints
        self.observe = observe
    }

    package func get(_ key: String) async throws -> [UInt8]? {
        if let value = try await near.get(key) {
            observe(.near)
            return value
        }
        guard let value = try await far.get(key) else {
            observe(.none)
            return nil
        }
        observe(.far)
        // How long it still has to live there is not known; not longer than this, or it would not be there.
        try await near.set(key, value, lifetime: nearLifetime)
        return value
    }

    package func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        try await far.set(key, value, lifetime: lifetime)
        try await changed(key)
        try await near.set(key, value, lifetime: min(lifetime, nearLifetime))
    }

    /// Asked of the shared cache alone: only that can tell who was first. After a false, `get` asks it too.
    package func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool {
        let isFirst = try await far.replace(key, expected, with: value, lifetime: lifetime)
        if isFirst { try await changed(key) } else { try await near.remove(key) }
        return isFirst
    }

    package func remove(_ key: String) async throws {
        try await far.remove(key)
        try await changed(key)
    }

    /// Forgets what other processes changed, until cancelled. Without it, values may be `nearLifetime` old.
    package func listen() async {
        while !Task.isCancelled {
            do {
                for await message in try await hints.subscribe(Self.channel, capacity: Self.capacity) {
                    try await near.remove(String(decoding: message, as: UTF8.self))
                }
            } catch {
                // Hints are a matter of speed: what is missed ends by its age.
            }
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func changed(_ key: String) async throws {
        try await near.remove(key)
        // A lost hint costs others at most `nearLifetime`.
        try? await hints.publish(Self.channel, Array(key.utf8))
    }
}
