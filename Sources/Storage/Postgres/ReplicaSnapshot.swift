/// Which transactions a snapshot of a server sees, by their 64-bit ids.
struct ReplicaSnapshot: Sendable, Equatable {
    /// It sees none from here on.
    let end: UInt64
    /// Of those before `end`, the ones it does not see because they had not ended.
    let running: [UInt64]

    /// More running ones than this are never kept: no server has so many connections.
    private static let maximumRunning = 10_000
    /// Ids beyond the end of the primary's snapshot that transactions under way can explain; a horizon further off
    /// belongs to a history that was lost, or was made up by a client.
    private static let plausibleLead: UInt64 = 10_000

    init(end: UInt64, running: [UInt64] = []) {
        self.end = end
        self.running = running
    }

    /// Reads the server's form, `first:end:running,running`; nil if it is none.
    init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, UInt64(parts[0]) != nil, let end = UInt64(parts[1]) else { return nil }
        let ids = parts[2].split(separator: ",")
        guard ids.count <= Self.maximumRunning else { return nil }
        let running = ids.compactMap { UInt64($0) }
        guard running.count == ids.count else { return nil }
        self.init(end: end, running: running)
    }

    /// Whether a snapshot ended by `horizon` on a replica may have seen transactions that this one, of the primary,
    /// does not.
    ///
    /// A replica shows a commit as soon as it has replayed it, while the primary still hides it until its own
    /// session has heard from the standbys; so the primary can be behind its replicas.
    func isBehind(_ horizon: UInt64) -> Bool {
        if horizon > end { return horizon - end <= Self.plausibleLead }
        return running.contains { $0 < horizon }
    }
}
