import Feed
import Kernel
import Memory
import Synchronization
import TestDatabase
import Testing

/// A feed of one team in memory, over a clock that the test moves, which counts how often it is read.
private final class FeedStage: Sendable {
    let tenant = TenantID()
    private let clock = ManualClock(Timestamp(milliseconds: 1_000_000))
    let reads = Mutex(0)
    let activities = Mutex<[Activity]>([])
    let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
    let cache: any Cache
    private let chances: Mutex<[Double]>

    /// In memory, by the same clock, if `cache` is nil.
    init(cache: (any Cache)? = nil, chances: [Double] = []) {
        let clock = clock
        let memory = MemoryCache(maximumEntries: 100, maximumBytes: 1 << 20) { clock.now }
        self.cache = cache ?? memory
        self.chances = Mutex(chances)
    }

    func pages(_ lifetime: Duration = .seconds(1), making: Duration = .milliseconds(50)) -> FeedPages {
        FeedPages(
            cache, settings: .init(lifetime: lifetime), now: { self.clock.now },
            chance: { self.chances.withLock { $0.isEmpty ? 1 : $0.removeFirst() } }
        ) { page, _ in
            self.reads.withLock { $0 += 1 }
            self.clock.advance(by: making)
            let all = self.activities.withLock { $0 }
            return Page(reading: Array(all.reversed().prefix(page.limit + 1)), limit: page.limit) {
                $0.id.uuid
            }
        }
    }

    func happen() {
        let activity = Activity(id: ActivityID(), .videoUploaded, by: UserID(), at: .now())
        activities.withLock { $0.append(activity) }
    }

    func pass(_ time: Duration) { clock.advance(by: time) }
    var readCount: Int { reads.withLock { $0 } }
}

/// What the cache of the first page promises.
@Suite struct FeedPagesTests {
    @Test func `a change that was told is seen at once, by all`() async throws {
        let stage = FeedStage()
        let (one, other) = (stage.pages(), stage.pages())
        for count in 1...5 {
            stage.happen()
            await one.changed(stage.tenant)
            #expect(try await one.first(20, in: stage.tenant).items.count == count)
            #expect(try await other.first(20, in: stage.tenant).items.count == count)
        }
        #expect(stage.readCount == 5)
    }

    @Test func `a change that could not be told is seen within the lifetime`() async throws {
        let stage = FeedStage()
        let pages = stage.pages()
        #expect(try await pages.first(20, in: stage.tenant).items.isEmpty)
        stage.happen()
        stage.pass(.milliseconds(400))
        #expect(try await pages.first(20, in: stage.tenant).items.isEmpty)
        stage.pass(.milliseconds(600))
        #expect(try await pages.first(20, in: stage.tenant).items.count == 1)
    }

    @Test func `shorter pages are cut from the first, longer ones are read`() async throws {
        let stage = FeedStage()
        let pages = stage.pages()
        for _ in 0..<60 { stage.happen() }
        let short = try await pages.first(3, in: stage.tenant)
        let newest = stage.activities.withLock { $0 }.suffix(3).reversed().map(\.id)
        #expect(short.items.map(\.id) == Array(newest) && short.next == short.items.last?.id.uuid)
        #expect(try await pages.first(FeedPages.items, in: stage.tenant).next != nil)
        #expect(stage.readCount == 1)
        let long = try await pages.first(100, in: stage.tenant)
        #expect(long.items.count == 60 && long.next == nil && stage.readCount == 2)
    }

    @Test func `the one who is drawn makes the page anew before it ends, the others are served meanwhile`()
        async throws
    {
        // Made in 50 ms: 100 ms before the end, a chance of e^-2 is on the edge.
        let stage = FeedStage(chances: [0.2, 0.1, 1])
        let pages = stage.pages()
        _ = try await pages.first(20, in: stage.tenant)
        stage.pass(.milliseconds(850))
        _ = try await pages.first(20, in: stage.tenant)
        #expect(stage.readCount == 1)
        _ = try await pages.first(20, in: stage.tenant)
        #expect(stage.readCount == 2)
        _ = try await pages.first(20, in: stage.tenant)
        #expect(stage.readCount == 2)
    }

    @Test func `without a cache the feed is read, and fails with it alone`() async throws {
        let stage = FeedStage(cache: BrokenCache())
        let pages = stage.pages()
        for count in 1...3 {
            stage.happen()
            await pages.changed(stage.tenant)
            #expect(try await pages.first(20, in: stage.tenant).items.count == count)
        }
    }

    @Test func `what lies in the cache and is no page is passed over`() async throws {
        let stage = FeedStage()
        let version = "feed/version/\(stage.tenant)"
        try await stage.cache.set(version, Array("v".utf8), lifetime: .seconds(10))
        try await stage.cache.set("feed/page/\(stage.tenant)/v", Array("{".utf8), lifetime: .seconds(10))
        stage.happen()
        #expect(try await stage.pages().first(20, in: stage.tenant).items.count == 1)
    }
}

private struct BrokenCache: Cache {
    func get(_ key: String) async throws -> [UInt8]? { throw Failure.unavailable("The cache") }
    func set(_ key: String, _ value: [UInt8], lifetime: Duration) async throws {
        throw Failure.unavailable("The cache")
    }
    func replace(
        _ key: String, _ expected: [UInt8]?, with value: [UInt8], lifetime: Duration
    ) async throws -> Bool { throw Failure.unavailable("The cache") }
    func remove(_ key: String) async throws { throw Failure.unavailable("The cache") }
}
