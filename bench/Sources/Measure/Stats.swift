import Foundation

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

    /// The least value that this share of all values does not pass; nil of nothing.
    static func percentile(_ share: Double, of values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let place = Int((share * Double(values.count)).rounded(.up)) - 1
        return values.sorted()[min(max(0, place), values.count - 1)]
    }

    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The least value that so many percent of all do not exceed; nil of nothing.
    static func percentile(_ percent: Int, of values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }

    /// The power `p` for which `y` grows as `x` to the `p`: the slope of the line through their logarithms that has the
    /// least squares. Nil of fewer than two places, or of what has no logarithm.
    static func exponent(_ points: [(x: Double, y: Double)]) -> Double? {
        guard points.allSatisfy({ $0.x > 0 && $0.y > 0 }), Set(points.map(\.x)).count > 1 else { return nil }
        let logs = points.map { (x: log($0.x), y: log($0.y)) }
        let count = Double(logs.count)
        let (x, y) = (logs.map(\.x).reduce(0, +) / count, logs.map(\.y).reduce(0, +) / count)
        let above = logs.map { ($0.x - x) * ($0.y - y) }.reduce(0, +)
        return above / logs.map { ($0.x - x) * ($0.x - x) }.reduce(0, +)
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
