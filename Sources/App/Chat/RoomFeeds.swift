import Chat
import Kernel
import Logging
import NIOCore
import Sockets
import Telemetry

/// The rooms that sockets of this process listen to: hears of news, puts entries in order, fills what was not heard from
/// the store, and tells the hub.
actor RoomFeeds {
    struct Settings: Sendable {
        var sweep: Duration = .seconds(2)
        var presence: Duration = .seconds(10)
        /// How often rooms are looked at for people who may see them no more: that is seen within 5 s, the look included.
        var access: Duration = .seconds(4)
        /// A room without listeners stays that long.
        var grace: Duration = .seconds(10)
        var tick: Duration = .milliseconds(50)
        /// Between two looks of the same hub's presence.
        var coalesce: Duration = .seconds(1)
        /// Notices of one room that may wait; a room that is further behind listens anew.
        var capacity = 1_024
        var page = 100
        var roomsPerLook = 200
    }

    let settings: Settings
    let source: RoomSource
    let metrics: MetricRegistry
    let logger: Logger
    let tell: @Sendable (SocketNews) -> Void
    let node = UUIDv7()
    var feeds: [RoomKey: RoomFeed] = [:]
    private var opening: [RoomKey: Task<Void, any Error>] = [:]
    /// Rooms that wait for an entry.
    var holed: Set<RoomKey> = []
    private let epoch = ContinuousClock.now

    init(
        _ settings: Settings, source: RoomSource, metrics: MetricRegistry, logger: Logger,
        tell: @escaping @Sendable (SocketNews) -> Void
    ) {
        self.settings = settings
        self.source = source
        self.metrics = metrics
        self.logger = logger
        self.tell = tell
    }

    var now: Duration { ContinuousClock.now - epoch }

    // MARK: - Listeners

    /// Has the room's feed begin, if the caller may see the room; the number of its newest entry that was seen then.
    func prepare(_ key: RoomKey, _ caller: Caller) async throws -> Int64 {
        let isHeard = feeds[key] != nil
        let last = try await requireOpen(key, caller)
        if isHeard, feeds[key] != nil { return last }
        try await begin(key)
        // Who was taken out before the feed listened was told of to nobody here.
        return try await requireOpen(key, caller)
    }

    private func requireOpen(_ key: RoomKey, _ caller: Caller) async throws -> Int64 {
        let room = try await source.rooms.canRead(key.room, caller)
        if room.isClosed { throw Self.closed }
        return room.lastSeq
    }

    /// One more listener of a room that is prepared; the number of the newest entry that has been told here.
    func enter(_ key: RoomKey, _ caller: Caller) throws -> Int64 {
        guard var feed = feeds[key] else { throw Failure.unavailable("The room") }
        feed.listeners += 1
        feed.emptySince = nil
        if feed.presence.entered(caller.user) {
            feed.mustTellPresence = true
            feed.mustAnnounce = true
        }
        feeds[key] = feed
        return feed.sequence.last
    }

    func release(_ key: RoomKey, _ user: UserID) {
        guard var feed = feeds[key] else { return }
        feed.listeners -= 1
        if feed.presence.left(user) {
            feed.mustTellPresence = true
            feed.mustAnnounce = true
        }
        if feed.listeners <= 0 { feed.emptySince = now }
        feeds[key] = feed
    }

    /// Listens first, and only then looks where the room stands: what is stored between is heard.
    private func begin(_ key: RoomKey) async throws {
        guard feeds[key] == nil else { return }
        if let opening = opening[key] {
            return try await opening.value
        }
        // Detached: it outlives the caller whose deadline and session it would inherit.
        let task = Task.detached { try await self.make(key) }
        opening[key] = task
        defer { opening[key] = nil }
        try await task.value
        reportCount()
        // For what was told before there was anybody to hear it.
        Task { await look(at: [key.room], of: key.tenant) }
    }

    private func make(_ key: RoomKey) async throws {
        let source = source
        // Without news the sweep must do.
        let stream = try? await source.notices.notices(
            of: key.room, in: key.tenant, capacity: settings.capacity)
        let listening = Task { [weak self] in
            if let stream { for await notice in stream { await self?.heard(key, notice) } }
            await self?.listenOn(key)
        }
        do {
            let last = try await source.rooms.lastSeqs(of: [key.room], in: key.tenant)[key.room] ?? 0
            var feed = RoomFeed(last: last, at: now)
            feed.listening = listening
            // Whoever wanted it may not come.
            feed.emptySince = now
            feeds[key] = feed
        } catch {
            listening.cancel()
            throw error
        }
    }

    /// A subscription that ended, because it fell behind or the server went, begins again.
    private func listenOn(_ key: RoomKey) async {
        while !Task.isCancelled {
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: .milliseconds(200))
            // One that fails is tried again.
            guard
                let stream = try? await source.notices.notices(
                    of: key.room, in: key.tenant, capacity: settings.capacity)
            else { continue }
            await look(anewAt: key)
            for await notice in stream { heard(key, notice) }
        }
    }

    func forget(_ key: RoomKey) {
        feeds.removeValue(forKey: key)?.listening?.cancel()
        holed.remove(key)
        reportCount()
    }

    private func reportCount() {
        metrics.set("chat_rooms", to: Double(feeds.count), help: "Rooms that somebody listens to here.")
    }

    // MARK: - News

    private func heard(_ key: RoomKey, _ bytes: [UInt8]) {
        if let notice = RoomNotices.decode(bytes) { take(notice, of: key) }
    }

    func take(_ notice: RoomNotice, of key: RoomKey) {
        guard var feed = feeds[key] else { return }
        switch notice {
        case .entries(let messages):
            var actions: [RoomSequence<SocketEntry>.Action] = []
            for message in messages where message.seq > feed.sequence.last {
                actions += feed.sequence.arrived(message.seq, SocketEntry(message), at: now)
            }
            act(actions, key)
            note(feed.sequence, key)
        case .read(let user, let seq): frame(.read(key.room, user, seq: seq), key, owner: user)
        case .left(let users): tell(.removal(key, Set(users), .notFound("room")))
        case .closed: tell(.removal(key, nil, Self.closed))
        case .frame(let json):
            tell(.frame(key, WebSocketBytes.text(ByteBuffer(string: json)), owner: nil))
        case .typing(let user):
            if feed.typing.take(at: now) { frame(.typing(key.room, user), key) }
        case .present(let node, let users, let count):
            guard node != self.node else { break }
            let roster = RoomPresence.Roster(
                users: Array(users.prefix(RoomPresence.named)), count: min(max(0, count), 1_000_000))
            // A node that is new here does not know of this one either.
            if !feed.presence.knows(node), count > 0 { feed.mustAnnounce = true }
            if feed.presence.heard(roster, of: node, until: now + settings.presence * 3) {
                feed.mustTellPresence = true
            }
        }
        feeds[key] = feed
    }

    private static let closed = Failure.conflict("room_closed", "This room is closed.")

    func frame(_ frame: ServerFrame, _ key: RoomKey, owner: UserID? = nil) {
        tell(.frame(key, WebSocketBytes.text(frame.json), owner: owner))
    }

    func note(_ sequence: RoomSequence<SocketEntry>, _ key: RoomKey) {
        if sequence.isWhole { holed.remove(key) } else { holed.insert(key) }
    }

    func act(_ actions: [RoomSequence<SocketEntry>.Action], _ key: RoomKey) {
        var run: [SocketEntry] = []
        for action in actions {
            switch action {
            case .deliver(let entries): run += entries.map(\.entry)
            case .fill(let after): fill(key, after)
            }
        }
        // What follows each other is told as one.
        if !run.isEmpty { tell(.entries(key, run)) }
    }

    private func fill(_ key: RoomKey, _ after: Int64) {
        metrics.add(
            to: "chat_fills_total", help: "Times that entries were read because no hint of them came.")
        Task {
            do {
                let entries = try await entries(key, after: after)
                filled(key, entries)
            } catch {
                logger.debug("room not read", metadata: ["error": "\(error)"])
                feeds[key]?.sequence.fillFailed(at: now)
            }
        }
    }

    private func filled(_ key: RoomKey, _ entries: [SocketEntry]) {
        guard var feed = feeds[key] else { return }
        act(feed.sequence.filled(entries.map { ($0.seq, $0) }, at: now), key)
        note(feed.sequence, key)
        feeds[key] = feed
    }

    /// From the primary: replicas may not have them yet.
    nonisolated func entries(_ key: RoomKey, after seq: Int64) async throws -> [SocketEntry] {
        try await source.rooms.entries(of: key.room, after: seq, limit: settings.page, in: key.tenant)
            .map(SocketEntry.init)
    }

    func presence(_ key: RoomKey) -> ServerFrame? {
        feeds[key].map { feed in
            let all = feed.presence.all
            return .presence(key.room, users: all.users, count: all.count)
        }
    }
}
