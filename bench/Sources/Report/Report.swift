import Foundation

/// All that a run found; written as JSON for programs, and as Markdown for people.
struct Report: Codable {
    var stage: BenchStage
    var startedAt: Date
    var seconds: Double
    var rounds: Int
    /// What was measured with or on: the clip, the servers and their versions.
    var subjects: [String]
    var machine: Machine
    var rows: [Line]
    /// By round, arm ("scenario: arm") and measure: seconds, bytes, or each second.
    var readings: [[String: [Measure: Double]]]
    var errors: [RunError]

    struct Line: Codable {
        var id: String
        var title: String
        /// Nil for a ratio.
        var unit: Row.Unit?
        var perRound: [Double]
        var estimate: Estimate?
        var goal: Goal?
        var verdict: Verdict
        /// Runs that failed, of the arms that this row compares.
        var errors: Int
    }

    struct RunError: Codable {
        var round: Int
        var scenario: String
        var arm: String
        var message: String
    }

    /// With `isStrict`, a goal that was not surely met fails the run as an error does.
    func isFailure(isStrict: Bool) -> Bool {
        if !errors.isEmpty { return true }
        return isStrict && rows.contains { [.missed, .uncertain, .noResult].contains($0.verdict) }
    }

    /// Writes both files and gives their common path without the ending.
    func write(to folder: URL) throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = startedAt.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        let base = folder.appending(path: name)
        try encoder.encode(self).write(to: base.appendingPathExtension("json"))
        try Data(markdown.utf8).write(to: base.appendingPathExtension("md"))
        return base
    }
}
