/// What travels over one connection of the pipeline, in order.
struct PipelineTravel {
    struct Entry {
        var request: PipelineState.Request
        var outcome: PipelineState.Outcome?
        /// Its caller has gone and been told.
        var isAbandoned = false
    }

    enum Phase { case down, connecting, up }

    var phase = Phase.down
    var entries: [Entry] = []
    /// Before which entries their transactions end.
    var ends: [Int] = []
    /// Transactions that have ended, and statements that were answered, from the first that travels.
    var ended = 0
    var answered = 0

    var isIdle: Bool { phase == .up && entries.isEmpty }
    /// Where the transaction whose answers come next begins.
    var start: Int { ended == 0 ? 0 : ends[ended - 1] }

    mutating func endFirst() {
        ended += 1
        answered = start
        guard ended == ends.count else { return }
        clear()
    }

    mutating func clear() {
        entries.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        (ended, answered) = (0, 0)
    }
}
