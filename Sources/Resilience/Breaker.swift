package import Kernel

/// Decides whether a dependency is asked at all, from how its last answers were; a value on a clock given to it.
///
/// Closed, it lets all calls through. Too many failures open it: calls are refused at once, so that nobody waits for
/// what is down and it is not hit while it recovers. After a while a few trials pass; if they succeed it closes.
package struct Breaker: Sendable {
    package enum State: Sendable, Equatable {
        case closed
        case open(until: ContinuousClock.Instant)
        case halfOpen
    }

    /// Proof of admission. Results of an earlier period, which a slow call brings late, change nothing.
    package struct Ticket: Sendable, Equatable {
        let period: Int
    }

    package enum Admission: Sendable, Equatable {
        case admitted(Ticket)
        case refused(retryAfter: Duration)
    }

    package let settings: Settings
    package private(set) var state = State.closed
    private var period = 0
    private var window: OutcomeWindow
    private var consecutiveFailures = 0
    /// Since it was last closed.
    private var openings = 0
    private var trials = Trials()

    private struct Trials {
        var running = 0
        var succeeded = 0
        var lastStart: ContinuousClock.Instant?
    }

    package init(_ settings: Settings) {
        self.settings = settings
        window = OutcomeWindow(span: settings.window)
    }

    package mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed: return .admitted(Ticket(period: period))
        case .open(let end) where now < end: return .refused(retryAfter: end - now)
        case .open:
            enter(.halfOpen)
            return admitTrial(at: now)
        case .halfOpen: return admitTrial(at: now)
        }
    }

    /// Takes the outcome of an admitted call. The state it led to, nil if it is as before.
    package mutating func record(
        _ outcome: Outcome, of ticket: Ticket, at now: ContinuousClock.Instant
    ) -> State? {
        guard ticket.period == period else { return nil }
        let before = state
        switch state {
        case .closed: judge(outcome, at: now)
        case .halfOpen: judgeTrial(outcome, at: now)
        case .open: break
        }
        return state == before ? nil : state
    }

    private mutating func admitTrial(at now: ContinuousClock.Instant) -> Admission {
        if trials.running >= settings.trials {
            // A trial that never reports must not keep it half open for ever.
            guard let start = trials.lastStart, now - start >= settings.trialPatience else {
                return .refused(retryAfter: settings.open.first)
            }
            enter(.halfOpen)
        }
        trials.running += 1
        trials.lastStart = now
        return .admitted(Ticket(period: period))
    }

    private mutating func judge(_ outcome: Outcome, at now: ContinuousClock.Instant) {
        switch outcome {
        case .ignored: return
        case .success:
            consecutiveFailures = 0
            window.add(failed: false, at: now)
        case .failure:
            consecutiveFailures += 1
            window.add(failed: true, at: now)
            if isTooBad(at: now) { open(at: now) }
        }
    }

    private mutating func isTooBad(at now: ContinuousClock.Instant) -> Bool {
        if consecutiveFailures >= settings.consecutiveFailures { return true }
        let (calls, failures) = window.sums(at: now)
        return calls >= settings.minimumCalls && Double(failures) >= settings.failureRate * Double(calls)
    }

    private mutating func judgeTrial(_ outcome: Outcome, at now: ContinuousClock.Instant) {
        trials.running -= 1
        switch outcome {
        case .ignored: break
        case .failure: open(at: now)
        case .success:
            trials.succeeded += 1
            guard trials.succeeded >= settings.trials else { return }
            openings = 0
            enter(.closed)
        }
    }

    private mutating func open(at now: ContinuousClock.Instant) {
        openings += 1
        enter(.open(until: now + settings.open.ceiling(afterAttempt: openings)))
    }

    private mutating func enter(_ next: State) {
        state = next
        period += 1
        trials = Trials()
        consecutiveFailures = 0
        window.clear()
    }
}

extension Breaker {
    package struct Settings: Sendable, Equatable {
        /// So many failures in a row open it.
        package var consecutiveFailures = 5
        /// The share of failures within `window` that opens it, once there were `minimumCalls`.
        package var failureRate = 0.5
        package var minimumCalls = 20
        package var window = Duration.seconds(10)
        /// How long it stays open; longer each time that trials fail.
        package var open = Backoff(first: .seconds(1), maximum: .seconds(30))
        /// Calls let through at once while it is half open, all of which must succeed to close it.
        package var trials = 2
        /// A trial without an outcome for so long is given up.
        package var trialPatience = Duration.seconds(60)

        package init() {}
    }

    package enum Outcome: Sendable, Equatable {
        case success, failure
        /// Says nothing about the dependency: the caller gave up.
        case ignored
    }
}

extension Breaker.Outcome {
    /// Only what passes by itself is the dependency's failure; any other answer shows that it is alive.
    package init(of error: any Error) {
        switch Failure.wrapping(error).kind {
        case .overloaded, .unavailable, .timeout: self = .failure
        case .cancelled, .internal: self = .ignored
        case .invalid, .unauthorised, .forbidden, .notFound, .conflict, .tooLarge, .limited: self = .success
        }
    }
}
