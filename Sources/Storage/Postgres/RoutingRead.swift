/// One read on its way to an answer: what to do next, and whether an answer may be given out.
struct RoutingRead: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What the session has seen, in one store.
    struct Session: Sendable, Equatable {
        var position: UInt64 = 0
        /// No replica has shown it a transaction from here on.
        var horizon: UInt64 = 0
    }

    enum Step: Sendable, Equatable {
        /// Read there; a replica only if it has replayed `atLeast`.
        case ask(Int, atLeast: UInt64?)
        /// Until something is learnt, at most until then.
        case wait(until: Instant)
        /// Until then, whatever is learnt.
        case pause(until: Instant)
        case giveUp
    }

    enum Fault: Sendable, Equatable {
        /// Nothing was answered; another server may.
        case unreachable
        case behind(ReplicaMark)
        /// A replica dropped the read because replay needed what it held.
        case conflict
        /// No answer in time: the server's fault if it answers nobody.
        case late
        /// The caller's own: it stands whatever the server.
        case final
    }

    /// Nil without one.
    private let session: Session?
    private var deadline: Instant
    private var request: ReplicaRouting.Request
    private var doubtSince: Instant?
    private var pauseUntil: Instant?
    private var failures = 0
    /// Why it went to the primary, if it did.
    private(set) var reason: RoutingReason?
    /// A replica may have shown the session a commit that this answer lacks: the primary did not finish it in time.
    private(set) var isDoubtful = false

    /// Between looks at a primary that hides commits, or while no server is there.
    private static let pause = Duration.milliseconds(1)
    private static let searchPause = Duration.milliseconds(20)

    /// A read without session, or one that `readsPrimary`, must contain all that is committed.
    init(_ session: Session?, readsPrimary: Bool = false, settings: RoutingSettings, now: Instant) {
        self.session = session
        deadline = now + settings.failoverPatience
        request = ReplicaRouting.Request(position: readsPrimary ? nil : session?.position)
    }

    var hasWaited: Bool { request.waitingSince != nil }

    mutating func next(_ routing: inout ReplicaRouting, now: Instant) -> Step {
        guard now < deadline else { return .giveUp }
        if let pauseUntil, now < pauseUntil { return .pause(until: pauseUntil) }
        switch routing.choose(request, now: now) {
        case .replica(let server):
            reason = nil
            routing.sent(server)
            return .ask(server, atLeast: routing.demand(request, now: now))
        case .primary(let server, let reason):
            self.reason = reason
            routing.sent(server)
            return .ask(server, atLeast: nil)
        case .wait(let until):
            if request.waitingSince == nil {
                request.waitingSince = now
                routing.beganWaiting()
            }
            return .wait(until: until)
        case .nowhere:
            return .wait(until: min(deadline, now + Self.searchPause))
        }
    }

    /// An answer came. What the session knows with it; nil if it may not be given out and the read goes on.
    mutating func answered(
        _ server: Int, _ mark: ReplicaMark, _ routing: inout ReplicaRouting, askedAt: Instant, now: Instant
    ) -> Session? {
        routing.answered(server, mark, askedAt: askedAt)
        let isFromReplica = reason == nil
        if !isFromReplica && (mark.isReplica || routing.primary != server) {
            return lost(server, &routing, now)
        }
        var known = session ?? Session()
        known.position = max(known.position, mark.seen)
        if isFromReplica {
            known.horizon = max(known.horizon, mark.snapshot.end)
            return known
        }
        return isCertain(mark.snapshot, &routing, now) ? known : nil
    }

    /// The call failed. True if the read goes on.
    mutating func failed(
        _ server: Int, _ fault: Fault, _ routing: inout ReplicaRouting, askedAt: Instant, now: Instant
    ) -> Bool {
        switch fault {
        case .final:
            routing.ended(server)
            return false
        case .behind(let mark):
            request.refusals += 1
            routing.refused(server, mark, askedAt: askedAt, now: now)
        case .conflict:
            routing.ended(server)
            request.tried.insert(server)
            return reason == nil
        case .late:
            routing.ended(server)
            guard reason == nil, !routing.isUsable(server) else { return false }
            detour(server, routing, now)
        case .unreachable:
            routing.failed(server, now: now)
            detour(server, routing, now)
        }
        return true
    }

    private mutating func detour(_ server: Int, _ routing: ReplicaRouting, _ now: Instant) {
        guard reason == nil else {
            pauseUntil = now + Self.searchPause
            return
        }
        failures += 1
        request.tried.insert(server)
        if failures >= routing.settings.maximumDetours { request.tried.formUnion(routing.servers.indices) }
        // What a replica took before it failed is not taken from the search for another server.
        deadline = max(deadline, now + routing.settings.failoverPatience)
    }

    /// The read is over, however it ended.
    mutating func finish(_ routing: inout ReplicaRouting) {
        guard request.waitingSince != nil else { return }
        routing.endedWaiting()
        request.waitingSince = nil
    }

    /// What was the primary when it was asked is a replica now, or was overtaken meanwhile.
    private mutating func lost(_ server: Int, _ routing: inout ReplicaRouting, _ now: Instant) -> Session? {
        routing.denied(server)
        pauseUntil = now + Self.searchPause
        return nil
    }

    /// Whether the primary's answer holds all that replicas have shown to the session. Transactions that may be
    /// committing are waited for; those that have not ended by then are most likely just long.
    private mutating func isCertain(
        _ snapshot: ReplicaSnapshot, _ routing: inout ReplicaRouting, _ now: Instant
    ) -> Bool {
        guard let session, snapshot.isBehind(session.horizon) else { return true }
        let since = doubtSince ?? now
        doubtSince = since
        let patience = min(routing.settings.doubtPatience, routing.settings.failoverPatience / 2)
        guard now - since < patience else {
            isDoubtful = true
            return true
        }
        // As long again as it has waited: so the primary runs the read a few times, not many.
        pauseUntil = now + max(Self.pause, now - since)
        return false
    }
}
