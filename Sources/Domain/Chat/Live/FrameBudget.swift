/// Frames that a connection may still send: so many at once, refilled evenly.
package struct FrameBudget: Sendable, Equatable {
    private let burst: Double
    private let perSecond: Double
    private var left: Double
    private var refilledAt: Duration

    package init(perSecond: Int, burst: Int, at now: Duration) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        left = Double(burst)
        refilledAt = now
    }

    /// False if there is none left.
    package mutating func take(at now: Duration) -> Bool {
        let span = (now - refilledAt).components
        let seconds = Double(span.seconds) + Double(span.attoseconds) / 1e18
        left = min(burst, left + max(0, seconds) * perSecond)
        refilledAt = max(refilledAt, now)
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}
