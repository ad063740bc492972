/// What each replica had replayed, moment by moment, and so which reads one of them could have answered.
struct ReplayTracks: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Point = (time: Instant, position: UInt64)

    /// Of each replica, in order of time.
    let tracks: [[Point]]

    /// How many of `reads`, each of which had to see a position, some replica could answer at once, or within
    /// `patience`.
    func answerable(_ reads: [Point], within patience: Duration) -> Int {
        reads.count { read in
            tracks.contains { Self.position(on: $0, at: read.time + patience) >= read.position }
        }
    }

    private static func position(on track: [Point], at time: Instant) -> UInt64 {
        var (low, high) = (0, track.count)
        while low < high {
            let middle = (low + high) / 2
            if track[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? track[low - 1].position : 0
    }

    /// A position as the server writes it, `16/B374D848`: two halves in hexadecimal.
    static func position(_ text: String) -> UInt64? {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = UInt32(halves[0], radix: 16),
            let low = UInt32(halves[1], radix: 16)
        else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }
}
