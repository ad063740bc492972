/// Keeps sound on its clock: tells how much silence to put in or how much to leave out before each run of
/// samples.
struct AudioSchedule {
    /// Differences below this are rounding of the container, and left alone, in samples.
    let tolerance: Int
    /// The position that the next sample will have.
    private(set) var position: Int

    init(startingAt position: Int, rate: Int) {
        self.position = position
        tolerance = rate / 25
        isStarted = false
    }

    private var isStarted: Bool

    struct Placement: Equatable {
        var silence = 0
        /// Samples to leave out from the start of the run.
        var trim = 0
    }

    /// Where a run of `count` samples that claims to start at `claimed` goes.
    mutating func place(claimed: Int, count: Int) -> Placement {
        var placement = Placement()
        let difference = claimed - position
        // The first run is placed exactly; later ones only when they are clearly off.
        if !isStarted || abs(difference) > tolerance {
            placement.silence = max(0, difference)
            placement.trim = min(count, max(0, -difference))
        }
        if placement.trim < count { isStarted = true }
        position += placement.silence + count - placement.trim
        return placement
    }
}
