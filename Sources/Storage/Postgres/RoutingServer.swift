/// What is known of one server of a store.
struct RoutingServer: Sendable {
    let name: String
    /// Known to have been replayed, or flushed; a hint for choosing, since each read on a replica asks again.
    private(set) var position: UInt64 = 0
    /// When the server was asked that told `position`.
    private(set) var learnedAt: ContinuousClock.Instant?
    /// It streams, or has streamed, from its primary; else what its answers may show is not known well enough.
    private(set) var hasStreamed = false
    var health = RoutingHealth()
    /// Too far behind to be read from; at first, since nothing is known yet.
    private(set) var isLagging = true
    /// Reads under way.
    var inFlight = 0

    init(name: String) { self.name = name }

    /// A mark that came with a read: of those that overlap, the furthest holds.
    mutating func learn(_ mark: ReplicaMark, askedAt time: ContinuousClock.Instant) {
        position = max(position, mark.position)
        learnedAt = max(learnedAt ?? time, time)
    }

    /// A mark that was asked for itself: it holds even if it is lower, as after a restart.
    mutating func correct(_ mark: ReplicaMark, askedAt time: ContinuousClock.Instant) {
        if let learnedAt, time < learnedAt { return }
        position = mark.position
        hasStreamed = mark.isBounded
        learnedAt = time
    }

    /// Judges the lag; true if the judgement changed. One that was too far behind must come well within the limit
    /// before it is used again.
    mutating func judge(
        _ history: RoutingHistory, now: ContinuousClock.Instant, _ settings: RoutingSettings
    ) -> Bool {
        let limit = isLagging ? settings.maximumLag / 2 : settings.maximumLag
        let isBehind = history.bound(limit, now: now).map { position < $0 } ?? true
        defer { isLagging = isBehind }
        return isBehind != isLagging
    }
}
