import Kernel

/// Whether one server is used, left alone, or on its way back.
struct RoutingHealth: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        case well
        case ejected(until: ContinuousClock.Instant)
        /// Probes succeed again; so many in a row.
        case returning(Int)
    }

    private(set) var phase: Phase = .well
    private var failures = 0
    private var ejections = 0
    private var returnedAt: ContinuousClock.Instant?

    var isWell: Bool { phase == .well }

    /// Well, and no failure since it last answered.
    var isSteady: Bool { isWell && failures == 0 }

    /// Whether a probe may be sent: not while the server is left alone.
    func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .ejected(let until) = phase else { return true }
        return now >= until
    }

    /// True if the server is left alone from now on.
    mutating func failed(at now: ContinuousClock.Instant, _ settings: RoutingSettings) -> Bool {
        failures += 1
        switch phase {
        case .well:
            guard failures >= settings.ejectAfter else { return false }
            eject(at: now, settings)
            return true
        case .returning:
            eject(at: now, settings)
            return false
        case .ejected(let until):
            // Answers to calls of before say nothing new; a failed trial does.
            if now >= until { eject(at: now, settings) }
            return false
        }
    }

    /// A call was answered. Outside of probes that only counts for a server in use.
    mutating func answered() {
        if phase == .well { failures = 0 }
    }

    /// A probe was answered; true if the server is used again from now on.
    mutating func probed(at now: ContinuousClock.Instant, _ settings: RoutingSettings) -> Bool {
        switch phase {
        case .well:
            failures = 0
            return false
        case .ejected(let until):
            guard now >= until else { return false }
            phase = .returning(0)
            return probed(at: now, settings)
        case .returning(let successes):
            guard successes + 1 >= settings.returnAfter else {
                phase = .returning(successes + 1)
                return false
            }
            phase = .well
            failures = 0
            returnedAt = now
            return true
        }
    }

    private mutating func eject(at now: ContinuousClock.Instant, _ settings: RoutingSettings) {
        if phase == .well {
            let wasSteady = returnedAt.map { now - $0 >= settings.steadyAfter } ?? true
            if wasSteady { ejections = 0 }
        }
        ejections += 1
        phase = .ejected(until: now + settings.ejection.ceiling(afterAttempt: ejections))
    }
}
