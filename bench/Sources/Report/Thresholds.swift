import Foundation

/// What the rows must reach, by row; rows without a goal are there to be watched.
struct Thresholds: Sendable {
    private let goals: [String: Goal]

    init(file: URL) throws {
        goals = try JSONDecoder().decode([String: Goal].self, from: Data(contentsOf: file))
    }

    init(_ goals: [String: Goal]) { self.goals = goals }

    func goal(for row: String) -> Goal? { goals[row] }

    /// Goals that no row bears: a row was renamed, or a name mistyped.
    func strangers(to rows: [Row]) -> [String] {
        goals.keys.filter { id in !rows.contains { $0.id == id } }.sorted()
    }
}

/// A bound in the row's own unit.
struct Goal: Codable, Equatable, Sendable {
    var atMost: Double?
    var atLeast: Double?

    func verdict(on estimate: Estimate?) -> Verdict {
        guard let estimate else { return .noResult }
        if allows(estimate.low), allows(estimate.high) { return .met }
        return allows(estimate.median) ? .uncertain : .missed
    }

    private func allows(_ value: Double) -> Bool {
        value <= atMost ?? .infinity && value >= atLeast ?? -.infinity
    }
}

enum Verdict: String, Codable, Sendable {
    /// The whole interval is on the right side.
    case met
    /// The median is, the interval is not.
    case uncertain
    case missed
    case noResult
    /// The row has no goal.
    case watched
}
