/// The middle of some values and how far it can be trusted.
struct Estimate: Codable, Equatable {
    var median: Double
    var low: Double
    var high: Double
    /// What `low...high` is: a 95 % interval, or all there was.
    var spread: Spread

    enum Spread: String, Codable { case bootstrap, range }
}

enum Stats {
    /// Below this many rounds, resampling would only pretend to know more than the range does.
    static let fewestForBootstrap = 5
    private static let resamples = 2_000

    /// Nil of nothing.
    static func estimate(_ values: [Double]) -> Estimate? {
        guard let median = median(values), let least = values.min(), let most = values.max() else {
            return nil
        }
        guard values.count >= fewestForBootstrap else {
            return Estimate(median: median, low: least, high: most, spread: .range)
        }
        // The same seed each time: the same readings always give the same report.
        var random = SplitMix(state: 42)
        let medians = (0..<resamples).compactMap { _ in
            Self.median(values.map { _ in values.randomElement(using: &random) ?? median })
        }.sorted()
        return Estimate(
            median: median, low: medians[resamples * 25 / 1_000], high: medians[resamples * 975 / 1_000],
            spread: .bootstrap)
    }

    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A small generator of random numbers that can be started anew (Steele, Lea and Flood, "SplitMix", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
