import Foundation

extension Report {
    /// The rows for a terminal.
    var table: String {
        let cells = rows.map(Self.cells)
        let heads = ["row", "median", "interval", "goal", "verdict", "errors"]
        let widths = heads.indices.map { column in
            ([heads] + cells).map { $0[column].count }.max() ?? 0
        }
        return ([heads] + cells).map { line in
            zip(line, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(
                separator: "  ")
        }.joined(separator: "\n")
    }

    var markdown: String {
        let lines = rows.map { "| `\($0.id)` | " + Self.cells($0).joined(separator: " | ") + " |" }
        let parts = [
            ["# Bench of `\(stage)`", "", summary, ""],
            ["| id | row | median | interval | goal | verdict | errors |", "|---|---|---|---|---|---|---|"],
            lines,
            [
                "",
                "A ratio is taken round by round from runs that take turns; the interval is \(intervalText).",
                "",
            ],
            ["## Machine", ""], machineLines, errorLines,
        ]
        return parts.flatMap { $0 }.joined(separator: "\n") + "\n"
    }

    var summary: String {
        let syncs = rows.first { $0.id == "machine.syncs" }?.estimate.map {
            "\(Self.number($0.median)) fsyncs/s · "
        }
        return
            "\(startedAt.formatted(.iso8601)) · \(rounds) rounds in \(Int(seconds)) s · \(machine.cores) cores, "
            + "load \(Self.number(machine.loadAverage)) before · \(syncs ?? "")\(errors.count) errors"
    }

    private var intervalText: String {
        rounds < Stats.fewestForBootstrap
            ? "the least and the most of them" : "the bootstrapped 95 % interval of the median"
    }

    private var machineLines: [String] {
        [
            "\(machine.cores) × \(machine.processor), \(machine.memoryBytes >> 30) GiB",
            "\(machine.system), Linux \(machine.kernel)", machine.swift, machine.ffmpeg,
            "SQLite \(machine.sqlite)",
            "confinement of media workers: \(machine.confinement)", "commit \(machine.commit)",
        ].map { "- " + $0 } + subjects.map { "- " + $0 }
    }

    private var errorLines: [String] {
        guard !errors.isEmpty else { return [] }
        return ["", "## Errors", ""]
            + errors.map { "- round \($0.round), \($0.scenario), \($0.arm): \($0.message)" }
    }

    private static func cells(_ line: Line) -> [String] {
        let unit = line.unit.map { $0 == .plain ? "" : " " + $0.symbol } ?? ""
        return [
            line.title, line.estimate.map { number($0.median) + unit } ?? "none",
            line.estimate.map { "\(number($0.low)) … \(number($0.high))" } ?? "",
            goal(line.goal, unit), line.verdict.rawValue, "\(line.errors)",
        ]
    }

    private static func goal(_ goal: Goal?, _ unit: String) -> String {
        if let least = goal?.atLeast, let most = goal?.atMost {
            return "\(number(least)) … \(number(most))\(unit)"
        }
        if let most = goal?.atMost { return "≤ \(number(most))\(unit)" }
        if let least = goal?.atLeast { return "≥ \(number(least))\(unit)" }
        return ""
    }

    /// Three digits: none of this is known better.
    static func number(_ value: Double) -> String {
        switch abs(value) {
        case 100...: String(Int(value.rounded()))
        case 10...: String(format: "%.1f", value)
        case 1...: String(format: "%.2f", value)
        default: String(format: "%.3f", value)
        }
    }
}

extension Row.Unit {
    fileprivate var symbol: String {
        switch self {
        case .seconds: "s"
        case .megabytes: "MB"
        case .bytes: "B"
        case .perSecond: "/s"
        case .share: "of all cores"
        case .plain: ""
        }
    }
}
