import Chat
import Feed
import Hummingbird
import Identity
import Kernel
import Logging
import Telemetry
import Videos

/// What a person sees first, from all contexts in one answer.
///
/// The parts are asked at once. One that fails or is late is null and named, and the rest is there: a page that shows most
/// of itself is worth more than none.
struct HomeRoutes: Sendable {
    /// Asks each context for its part.
    struct Parts: Sendable {
        var me: @Sendable (Caller) async throws -> Accounts.Profile
        var feed: @Sendable (Caller) async throws -> Page<Activity>
        var unread: @Sendable (Caller) async throws -> Int
        var videos: @Sendable (Caller) async throws -> Page<Video>
        var rooms: @Sendable (Caller) async throws -> Page<RoomView>
    }

    let parts: Parts
    let signer: any PlaybackSigner
    let deadline: Duration
    let metrics: MetricRegistry

    var routes: [Route] { [Route(.get, "/v1/home", handler: home)] }

    @Sendable private func home(_ exchange: Exchange) async throws -> Response {
        let caller = try exchange.caller
        let gathering = Gathering(deadline: deadline) {
            [metrics, logger = exchange.context.logger] part, error in
            metrics.add(
                to: "home_parts_missing_total", help: "Parts that /v1/home was answered without.",
                labels: ["part": part])
            logger.warning("a part of home is missing", metadata: ["part": "\(part)", "error": "\(error)"])
        }
        let parts = parts
        async let me = gathering.part("me") { try await parts.me(caller) }
        async let feed = gathering.part("feed") { try await parts.feed(caller) }
        async let unread = gathering.part("unread") { try await parts.unread(caller) }
        async let videos = gathering.part("videos") { try await parts.videos(caller) }
        async let rooms = gathering.part("rooms") { try await parts.rooms(caller) }
        let home = await Home(me: me, feed: feed, unread: unread, videos: videos, rooms: rooms)
        let failed = await gathering.missing
        return .json {
            $0.home(home, failed: failed) { signer.grant(tenant: caller.tenant, video: $0, at: .now()) }
        }
    }
}

/// What there is; nil for what did not come.
private struct Home {
    let me: Accounts.Profile?
    let feed: Page<Activity>?
    let unread: Int?
    let videos: Page<Video>?
    let rooms: Page<RoomView>?
}

extension JSONWriter {
    fileprivate mutating func home(
        _ home: Home, failed: [String], _ grant: (VideoID) -> PlaybackGrant
    ) {
        part("me", home.me) { json, me in
            json.object("user") { $0.user(me.user) }
            json.object("tenant") { $0.tenant(me.tenant) }
        }
        part("feed", home.feed) { json, page in
            json.array("items", page.items) { json, item in json.object { $0.activity(item) } }
        }
        object("unread") { json in
            json.count("notifications", home.unread)
            // The rooms tell it: without them it is not known.
            json.count("messages", home.rooms.map { $0.items.reduce(0) { $0 + $1.unread } })
        }
        part("videos", home.videos) { json, page in
            json.array("items", page.items) { json, video in
                json.object { $0.video(video, grant(video.id)) }
            }
        }
        part("rooms", home.rooms) { json, page in
            json.array("items", page.items) { json, room in json.object { $0.room(room) } }
        }
        array("failed", failed) { $0.value($1) }
    }

    private mutating func part<Value>(
        _ name: String, _ value: Value?, _ body: (inout JSONWriter, Value) -> Void
    ) {
        guard let value else { return null(name) }
        object(name) { body(&$0, value) }
    }

    private mutating func count(_ name: String, _ value: Int?) {
        if let value { field(name, value) } else { null(name) }
    }
}

extension HomeRoutes.Parts {
    private static let feedItems = 20
    private static let videos = 12
    private static let rooms = 50

    init(_ domain: Domain) {
        me = { try await domain.accounts.profile(of: $0) }
        feed = { try await domain.feed.activities(PageRequest(limit: Self.feedItems), $0) }
        unread = { try await domain.feed.unread($0) }
        videos = { try await domain.library.videos($0, PageRequest(limit: Self.videos), state: nil) }
        rooms = { try await domain.rooms.rooms($0, PageRequest(limit: Self.rooms), kind: nil) }
    }
}
