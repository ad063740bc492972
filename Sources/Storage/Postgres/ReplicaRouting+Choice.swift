extension ReplicaRouting {
    /// A read that looks for a server.
    struct Request: Sendable {
        /// What the answer must contain; nil for a read without session, which must contain all.
        let position: UInt64?
        /// Servers that failed this read.
        var tried: Set<Int> = []
        /// Replicas that were asked and stood too far back.
        var refusals = 0
        /// Since when it waits for a replica.
        var waitingSince: Instant?
    }

    enum Choice: Sendable, Equatable {
        case replica(Int)
        /// Wait until something is learnt, at most until then, and ask again.
        case wait(until: Instant)
        case primary(Int, RoutingReason)
        /// No server may answer now.
        case nowhere
    }

    /// Replicas that one read may ask in vain.
    private static let maximumRefusals = 3

    mutating func choose(_ request: Request, now: Instant) -> Choice {
        guard let position = request.position else { return toPrimary(.noSession, request) }
        guard !isBlind(now) || position > 0 else { return toPrimary(.noReplica, request) }
        let usable = servers.indices.filter { isUsable($0) && !request.tried.contains($0) }
        guard !usable.isEmpty else { return toPrimary(.noReplica, request) }

        let able = usable.filter { servers[$0].position >= position }
        if let server = leastBusy(able) { return .replica(server) }
        if let server = worthAsking(usable, request, now) { return .replica(server) }
        if isBeyond(position, request, now) { return toPrimary(.beyond, request) }
        return wait(for: usable, request, now)
    }

    /// What a replica must have replayed to answer `request`: all that the session knows, and no less than the limit
    /// on staleness asks for.
    func demand(_ request: Request, now: Instant) -> UInt64 {
        max(request.position ?? .max, history.bound(settings.maximumLag, now: now) ?? .max)
    }

    /// Whether the primary, asked since this read began, does not have `position` either: it lies in a history that
    /// was lost with a former primary, or was made up.
    private func isBeyond(_ position: UInt64, _ request: Request, _ now: Instant) -> Bool {
        guard position > history.latest, let heardAt = history.heardAt else { return false }
        return heardAt >= request.waitingSince ?? now
    }

    /// Whether the primary has been silent for so long that nobody can tell how stale a replica is.
    private func isBlind(_ now: Instant) -> Bool {
        guard let heardAt = history.heardAt else { return true }
        return now - heardAt > settings.maximumLag + settings.maximumBlindness
    }

    private func toPrimary(_ reason: RoutingReason, _ request: Request) -> Choice {
        guard let primary else { return .nowhere }
        return .primary(primary, reason)
    }

    private mutating func leastBusy(_ candidates: [Int]) -> Int? {
        guard let least = candidates.map({ servers[$0].inFlight }).min() else { return nil }
        let equals = candidates.filter { servers[$0].inFlight == least }
        return equals[nextTurn() % equals.count]
    }

    /// The furthest of those of which no fresh knowledge says that they are too far back.
    private func worthAsking(_ usable: [Int], _ request: Request, _ now: Instant) -> Int? {
        guard request.refusals < Self.maximumRefusals else { return nil }
        let stale = usable.filter { server in
            servers[server].learnedAt.map { now - $0 >= settings.knowledgeLifetime } ?? true
        }
        return stale.max { servers[$0].position < servers[$1].position }
    }

    /// Waits where a replica is so close behind that it may arrive in time.
    private func wait(for usable: [Int], _ request: Request, _ now: Instant) -> Choice {
        let since = request.waitingSince ?? now
        let until = since + settings.replicaPatience
        guard now < until else { return toPrimary(.behind, request) }
        guard request.waitingSince != nil || waiters < settings.maximumWaiters else {
            return toPrimary(.crowded, request)
        }
        let bound = history.bound(settings.replicaPatience * 2, now: now) ?? 0
        let isClose = usable.contains { servers[$0].position >= bound }
        return isClose ? .wait(until: until) : toPrimary(.behind, request)
    }
}

/// Why a read went to the primary.
package enum RoutingReason: String, Sendable, CaseIterable {
    /// It must see everything.
    case noSession
    /// No replica answers, follows the primary and is close enough.
    case noReplica
    /// No replica has replayed what it must see, nor is one about to.
    case behind
    /// What it must see lies beyond what the primary is known to have.
    case beyond
    /// Too many wait already.
    case crowded
}
