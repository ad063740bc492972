/// Which server of one store answers a read, and which takes writes. Told what happens; decides, does nothing.
///
/// Every replica is judged by itself. A replica is chosen by what is known of it, and asked again before it answers:
/// knowledge that is out of date costs a detour, never a stale answer.
struct ReplicaRouting: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Event: Sendable, Equatable {
        case elected(Int, timeline: UInt32)
        case fenced(Int, timeline: UInt32)
        case lostPrimary(Int)
        case disputed([Int])
        case ejected(Int)
        case returned(Int)
        /// Too far behind, or back again.
        case lagging(Int, Bool)
    }

    let settings: RoutingSettings
    private(set) var servers: [RoutingServer]
    private(set) var failover: FailoverWatch
    private(set) var history: RoutingHistory
    /// Reads that wait for a replica.
    private(set) var waiters = 0
    /// What changed and was not taken yet.
    private var events: [Event] = []
    /// Spreads reads among equals.
    private var turn = 0
    /// When servers were last to be asked because of a call.
    private var lookedAt: Instant?

    init(_ names: [String], settings: RoutingSettings) {
        self.settings = settings
        servers = names.map(RoutingServer.init)
        failover = FailoverWatch(servers: names.count)
        history = RoutingHistory(span: settings.maximumLag)
    }

    var primary: Int? { failover.primary }

    /// Whether `server` follows the primary's history, answers, and is not too far behind.
    func isUsable(_ server: Int) -> Bool {
        failover.isFollowing(server) && servers[server].health.isWell && servers[server].hasStreamed
            && !servers[server].isLagging
    }

    /// Whether no primary is known, or the known one does not answer.
    var isSearching: Bool { primary.map { !servers[$0].health.isWell } ?? true }

    /// Whether to probe `server` now. One that is left alone is not, except in search of a primary, which may be it.
    func mayProbe(_ server: Int, now: Instant) -> Bool {
        isSearching || servers[server].health.mayProbe(at: now)
    }

    /// Why `server` is not in use, in words; nil if it is.
    func shortcoming(of server: Int) -> String? {
        if !servers[server].health.isWell { return "does not answer" }
        if server == primary || isUsable(server) { return nil }
        switch failover.standings[server] {
        case .unknown: return "is not known yet"
        case .primary(let timeline): return "claims to be the primary of timeline \(timeline)"
        case .fenced(let timeline): return "is fenced: its timeline \(timeline) has been overtaken"
        case .replica(let timeline):
            if timeline != failover.timeline { return "follows the former timeline \(timeline)" }
            return servers[server].isLagging ? "lags" : "does not stream yet"
        }
    }

    /// Whether `server` is as it should be and has nothing to do, so that it need not be asked often.
    func isCalm(_ server: Int) -> Bool {
        servers[server].health.isSteady && servers[server].inFlight == 0
            && (server == primary || isUsable(server))
    }

    /// Bytes of log that `server` is known to be behind.
    func lagBytes(_ server: Int) -> UInt64 { history.latest - min(history.latest, servers[server].position) }
}

// MARK: - What happens

extension ReplicaRouting {
    /// A probe was answered. `askedAt`: when it was sent.
    mutating func probed(_ server: Int, _ mark: ReplicaMark, askedAt: Instant, now: Instant) {
        if servers[server].health.probed(at: now, settings) { events.append(.returned(server)) }
        if let timeline = mark.timeline {
            apply(failover.heard(server, isReplica: mark.isReplica, timeline: timeline))
        }
        servers[server].correct(mark, askedAt: askedAt)
        notePrimary(server, mark, askedAt)
        judge(now)
    }

    /// A probe failed, or was not answered in time.
    mutating func probeFailed(_ server: Int, now: Instant) {
        fail(server, now)
        apply(failover.silent(server))
        judge(now)
    }

    /// A call to `server` has been sent; it ends as `answered`, `refused`, `failed` or `ended`.
    mutating func sent(_ server: Int) { servers[server].inFlight += 1 }

    mutating func answered(_ server: Int, _ mark: ReplicaMark, askedAt: Instant) {
        servers[server].inFlight -= 1
        servers[server].health.answered()
        servers[server].learn(mark, askedAt: askedAt)
        notePrimary(server, mark, askedAt)
    }

    /// The server answers, but has not replayed what the read must see.
    mutating func refused(_ server: Int, _ mark: ReplicaMark, askedAt: Instant, now: Instant) {
        servers[server].inFlight -= 1
        servers[server].health.answered()
        servers[server].correct(mark, askedAt: askedAt)
        judge(now)
    }

    /// The server could not be used.
    mutating func failed(_ server: Int, now: Instant) {
        servers[server].inFlight -= 1
        fail(server, now)
    }

    /// A call ended for reasons of its own, which say nothing about the server.
    mutating func ended(_ server: Int) { servers[server].inFlight -= 1 }

    /// `server` is not the primary, whatever it was.
    mutating func denied(_ server: Int) { apply(failover.denied(server)) }

    /// A call is about to be sent. True if none has had the servers asked within `interval`, so that they are to be
    /// asked while it is under way.
    mutating func called(at now: Instant, every interval: Duration) -> Bool {
        if let lookedAt, now - lookedAt < interval { return false }
        lookedAt = now
        return true
    }

    mutating func beganWaiting() { waiters += 1 }

    mutating func endedWaiting() { waiters -= 1 }

    /// What changed since this was asked last.
    mutating func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    /// The turn of this choice.
    mutating func nextTurn() -> Int {
        turn &+= 1
        return turn
    }

    private mutating func fail(_ server: Int, _ now: Instant) {
        if servers[server].health.failed(at: now, settings) { events.append(.ejected(server)) }
    }

    private mutating func notePrimary(_ server: Int, _ mark: ReplicaMark, _ askedAt: Instant) {
        guard server == primary, !mark.isReplica else { return }
        history.add(mark.position, at: askedAt)
    }

    private mutating func judge(_ now: Instant) {
        for server in servers.indices where servers[server].judge(history, now: now, settings) {
            if server != primary { events.append(.lagging(server, servers[server].isLagging)) }
        }
    }

    private mutating func apply(_ changes: [FailoverWatch.Change]) {
        for change in changes {
            switch change {
            case .elected(let server, let timeline):
                history.reset()
                events.append(.elected(server, timeline: timeline))
            case .fenced(let server, let timeline): events.append(.fenced(server, timeline: timeline))
            case .lost(let server): events.append(.lostPrimary(server))
            case .disputed(let servers): events.append(.disputed(servers))
            }
        }
    }
}
