package import Kernel

/// Whether an instance is given requests, by how its last ones went and by probes; a value on a clock given to it.
package struct InstanceHealth: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        /// So many failed requests in a row eject it.
        package var failuresToEject = 3
        /// So many failed probes in a row eject it.
        package var probesToEject = 2
        /// So many good probes in a row bring it back, where there are probes.
        package var probesToReturn = 2
        /// How long it is out at least; longer each time it was ejected soon after its return.
        package var ejection = Backoff(first: .seconds(5), maximum: .seconds(60))
        /// From a tenth of its share to all of it, after it came or came back.
        package var slowStart = Duration.seconds(10)
        /// Without probes, time alone brings it back.
        package var isProbed = true

        package init() {}
    }

    package enum Change: Sendable, Equatable {
        case ejected(until: ContinuousClock.Instant)
        case returned
    }

    private let settings: Settings
    private var failures = 0
    private var badProbes = 0
    private var goodProbes = 0
    private var ejectedUntil: ContinuousClock.Instant?
    private var ejections = 0
    private var since: ContinuousClock.Instant?

    /// `since` is when it came; nil for one that has always been there and needs no slow start.
    package init(_ settings: Settings, since: ContinuousClock.Instant? = nil) {
        self.settings = settings
        self.since = since
    }

    package var isEjected: Bool { ejectedUntil != nil }

    /// A request was answered, or was not.
    package mutating func record(success: Bool, at now: ContinuousClock.Instant) -> Change? {
        guard success else {
            failures += 1
            return failures >= settings.failuresToEject ? eject(at: now) : nil
        }
        failures = 0
        // A while of good work wipes the past out.
        if ejections > 0, let since, now - since > settings.ejection.maximum { ejections = 0 }
        return nil
    }

    package mutating func probed(success: Bool, at now: ContinuousClock.Instant) -> Change? {
        guard success else {
            goodProbes = 0
            badProbes += 1
            return badProbes >= settings.probesToEject ? eject(at: now) : nil
        }
        badProbes = 0
        goodProbes += 1
        guard let end = ejectedUntil, now >= end, goodProbes >= settings.probesToReturn else { return nil }
        return comeBack(at: now)
    }

    /// Time went by: without probes, an ejection ends by itself.
    package mutating func pass(to now: ContinuousClock.Instant) -> Change? {
        guard !settings.isProbed, let end = ejectedUntil, now >= end else { return nil }
        return comeBack(at: now)
    }

    /// Of its share, from 0.1 to 1; 0 while ejected.
    package func readiness(at now: ContinuousClock.Instant) -> Double {
        if isEjected { return 0 }
        guard let since, settings.slowStart > .zero else { return 1 }
        return min(1, max(0.1, (now - since) / settings.slowStart))
    }

    private mutating func eject(at now: ContinuousClock.Instant) -> Change? {
        failures = 0
        badProbes = 0
        goodProbes = 0
        // A failure of a request sent before says nothing new about one that is out.
        guard ejectedUntil == nil else { return nil }
        ejections += 1
        let end = now + settings.ejection.ceiling(afterAttempt: ejections)
        ejectedUntil = end
        return .ejected(until: end)
    }

    private mutating func comeBack(at now: ContinuousClock.Instant) -> Change {
        ejectedUntil = nil
        failures = 0
        since = now
        return .returned
    }
}
