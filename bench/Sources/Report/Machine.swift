import Foundation
import MediaWorker

/// What the figures were measured on.
struct Machine: Codable {
    var cores: Int
    var processor: String
    var memoryBytes: UInt64
    var kernel: String
    var system: String
    /// Of the last minute, before the run: above `cores`, others were at work.
    var loadAverage: Double
    var ffmpeg: String
    var sqlite: String
    var swift: String
    /// How far media workers can be shut in here.
    var confinement: String
    /// The commit that was built, `+` where files differ from it; empty outside a clone.
    var commit: String

    static func describe(repository: URL) -> Machine {
        let process = ProcessInfo.processInfo
        return Machine(
            cores: process.activeProcessorCount, processor: field("model name", of: "/proc/cpuinfo"),
            memoryBytes: process.physicalMemory,
            kernel: text(of: "/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines),
            system: process.operatingSystemVersionString,
            loadAverage: Double(text(of: "/proc/loadavg").prefix { $0 != " " }) ?? 0,
            ffmpeg: firstLine(["ffmpeg", "-version"]), sqlite: RawRows.libraryVersion,
            swift: firstLine(["swift", "--version"]),
            confinement: ConfinementReport.available().level.rawValue,
            commit: firstLine(["git", "-C", repository.plainPath, "describe", "--always", "--dirty=+"]))
    }

    private static func text(of file: String) -> String {
        (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    }

    private static func field(_ name: String, of file: String) -> String {
        let line = text(of: file).split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
    }

    /// Empty where the program is missing: a report without a version is better than none.
    private static func firstLine(_ command: [String]) -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return "" }
        let text = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }
}
