/// Tells a producer that makes no progress from one that is busy.
struct ProducerProgress {
    let patience: Duration
    private var delivered = 0
    private var since: ContinuousClock.Instant?

    init(patience: Duration) { self.patience = patience }

    /// True if records wait and none was delivered for as long as the patience.
    mutating func isStuck(waiting: Int, delivered: Int, at now: ContinuousClock.Instant) -> Bool {
        guard waiting > 0, delivered == self.delivered, let since else {
            self.delivered = delivered
            since = waiting > 0 ? now : nil
            return false
        }
        return now - since >= patience
    }
}
