/// Runs all arms of all scenarios in turn, round after round, and gathers what they give.
struct Rounds {
    let scenarios: [any Scenario]
    /// Told what is going on.
    let progress: (String) -> Void

    private(set) var readings: [[String: Reading]] = []
    private(set) var errors: [Report.RunError] = []

    init(_ scenarios: [any Scenario], progress: @escaping (String) -> Void) {
        self.scenarios = scenarios
        self.progress = progress
    }

    /// A failed run is noted, and the others go on.
    mutating func run(_ count: Int) async throws {
        do {
            try await prepareAndRun(count)
        } catch {
            for scenario in scenarios { await scenario.finish() }
            throw error
        }
        for scenario in scenarios { await scenario.finish() }
    }

    private mutating func prepareAndRun(_ count: Int) async throws {
        for scenario in scenarios {
            progress("preparing \(scenario.name)")
            try await scenario.prepare()
        }
        for round in 0..<count {
            var found: [String: Reading] = [:]
            for scenario in scenarios {
                for arm in round % 2 == 0 ? scenario.arms : scenario.arms.reversed() {
                    progress("round \(round + 1) of \(count): \(scenario.name), \(arm.name)")
                    do {
                        found[scenario.key(arm.name)] = try await arm.run()
                    } catch {
                        progress("failed: \(error)")
                        errors.append(
                            .init(
                                round: round + 1, scenario: scenario.name, arm: arm.name, message: "\(error)")
                        )
                    }
                }
            }
            readings.append(found)
        }
    }

    func lines(_ thresholds: Thresholds) -> [Report.Line] {
        scenarios.flatMap { scenario in scenario.rows.map { line($0, of: scenario, thresholds) } }
    }

    private func line(_ row: Row, of scenario: any Scenario, _ thresholds: Thresholds) -> Report.Line {
        let values = readings.compactMap { round in
            row.value { round[scenario.key($0.arm)]?[$0.measure] }
        }
        let estimate = Stats.estimate(values)
        let goal = thresholds.goal(for: row.id)
        return Report.Line(
            id: row.id, title: row.title, unit: row.unit, perRound: values, estimate: estimate, goal: goal,
            verdict: goal?.verdict(on: estimate) ?? (estimate == nil ? .noResult : .watched),
            errors: errors.count { $0.scenario == scenario.name && row.arms.contains($0.arm) })
    }
}

extension Scenario {
    fileprivate func key(_ arm: String) -> String { "\(name): \(arm)" }
}
