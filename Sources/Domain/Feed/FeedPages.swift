package import Kernel

/// The first page of each team's feed, which nearly all who look ask for, out of a cache that all processes share.
///
/// A page is kept under the version of its feed, which every change replaces: whoever looks after the change does not get
/// the page from before it. Where the version could not be replaced, a page is no older than its lifetime.
package struct FeedPages: Sendable {
    package struct Settings: Sendable {
        package var lifetime: Duration

        package init(lifetime: Duration = .seconds(1)) { self.lifetime = lifetime }
    }

    private static let versionLifetime: Duration = .seconds(3600)

    /// Longer first pages, and all others, are read from the store.
    package static let items = 50

    private struct Entry: Codable {
        let items: [Activity]
        let hasMore: Bool
        let end: Timestamp
        let makingMilliseconds: Int64
    }

    private struct Flight: Hashable {
        let tenant: TenantID
        let version: String
    }

    private let cache: any Cache
    private let read: @Sendable (PageRequest, TenantID) async throws -> Page<Activity>
    private let settings: Settings
    private let now: @Sendable () -> Timestamp
    private let chance: @Sendable () -> Double
    private let flights = SingleFlight<Flight, Page<Activity>>()

    /// `read` must see everything that is committed.
    package init(
        _ cache: any Cache, settings: Settings = Settings(),
        now: @escaping @Sendable () -> Timestamp = { .now() },
        chance: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        read: @escaping @Sendable (PageRequest, TenantID) async throws -> Page<Activity>
    ) {
        self.cache = cache
        self.settings = settings
        self.now = now
        self.chance = chance
        self.read = read
    }

    /// The newest `limit` activities.
    package func first(_ limit: Int, in tenant: TenantID) async throws -> Page<Activity> {
        guard limit <= Self.items else { return try await read(PageRequest(limit: limit), tenant) }
        let page = try await page(tenant)
        guard page.items.count > limit else { return page }
        let items = Array(page.items.prefix(limit))
        return Page(items: items, next: items.last?.id.uuid)
    }

    /// Whoever looks from now on sees what has changed.
    package func changed(_ tenant: TenantID) async {
        // Without a cache there is no page; with one that cannot be told, its page ends soon.
        try? await cache.set(
            Self.versionKey(tenant), Array(UUIDv7().description.utf8), lifetime: Self.versionLifetime)
    }

    private func page(_ tenant: TenantID) async throws -> Page<Activity> {
        guard let version = try? await version(tenant) else {
            // No cache: those who ask at once still share one look.
            return try await flights.run(Flight(tenant: tenant, version: "")) {
                try await read(PageRequest(limit: Self.items), tenant)
            }
        }
        if let entry = await entry(tenant, version), !isDue(entry) {
            return Page(items: entry.items, next: entry.hasMore ? entry.items.last?.id.uuid : nil)
        }
        return try await flights.run(Flight(tenant: tenant, version: version)) {
            try await make(tenant, version)
        }
    }

    private func isDue(_ entry: Entry) -> Bool {
        EarlyRefresh.isDue(
            at: now(), end: entry.end, making: .milliseconds(entry.makingMilliseconds), chance: chance())
    }

    private func make(_ tenant: TenantID, _ version: String) async throws -> Page<Activity> {
        let start = now()
        let page = try await read(PageRequest(limit: Self.items), tenant)
        let end = now()
        let entry = Entry(
            items: page.items, hasMore: page.next != nil, end: start + settings.lifetime,
            makingMilliseconds: max(1, (end - start).inMilliseconds))
        // A page that could not be kept is made again by the next who asks.
        try? await cache.set(
            Self.pageKey(tenant, version), try JSON.encode(entry), lifetime: settings.lifetime)
        return page
    }

    /// Nil if there is none, or none that can be read.
    private func entry(_ tenant: TenantID, _ version: String) async -> Entry? {
        guard let bytes = try? await cache.get(Self.pageKey(tenant, version)) else { return nil }
        return try? JSON.decode(Entry.self, bytes)
    }

    private func version(_ tenant: TenantID) async throws -> String {
        let key = Self.versionKey(tenant)
        for _ in 0..<2 {
            if let bytes = try await cache.get(key) { return String(decoding: bytes, as: UTF8.self) }
            let new = UUIDv7().description
            if try await cache.setIfAbsent(key, Array(new.utf8), lifetime: Self.versionLifetime) {
                return new
            }
        }
        throw Failure.unavailable("The feed's version")
    }

    private static func versionKey(_ tenant: TenantID) -> String { "feed/version/\(tenant)" }

    private static func pageKey(_ tenant: TenantID, _ version: String) -> String {
        "feed/page/\(tenant)/\(version)"
    }
}
