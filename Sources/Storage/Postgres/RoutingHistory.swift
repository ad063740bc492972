/// Where the primary was and when: turns a replica's position into how stale it is.
struct RoutingHistory: Sendable {
    private struct Sample {
        let time: ContinuousClock.Instant
        let position: UInt64
    }

    /// Oldest first; never empty once something is known.
    private var samples: [Sample] = []
    private let span: Duration
    private let resolution: Duration

    private static let maximumSamples = 256

    /// Remembers `span`, in steps of a 256th of it.
    init(span: Duration) {
        self.span = span
        resolution = span / Self.maximumSamples
    }

    /// The highest position heard of.
    private(set) var latest: UInt64 = 0
    /// When the primary was last heard of.
    private(set) var heardAt: ContinuousClock.Instant?

    /// The primary was at `position`, or further, at `time`: when it was asked, not when the answer came.
    mutating func add(_ position: UInt64, at time: ContinuousClock.Instant) {
        latest = max(latest, position)
        heardAt = max(heardAt ?? time, time)
        if let last = samples.last, time - last.time < resolution { return }
        samples.append(Sample(time: time, position: position))
        let isOld = samples.prefix { time - $0.time > span }
        // One more is kept in case none is younger.
        samples.removeFirst(min(isOld.count, samples.count - 1))
    }

    /// What a server must have replayed to be at most `staleness` behind; nil while nothing is known.
    func bound(_ staleness: Duration, now: ContinuousClock.Instant) -> UInt64? {
        let since = now - staleness
        var low = 0
        var high = samples.count
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].time < since { low = middle + 1 } else { high = middle }
        }
        return low < samples.count ? samples[low].position : samples.last.map { _ in latest }
    }

    /// Forgets all: another server's log is the measure from now on.
    mutating func reset() { self = RoutingHistory(span: span) }
}
