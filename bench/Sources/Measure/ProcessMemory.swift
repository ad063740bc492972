import Foundation

/// Memory of a running process, as the kernel counts it. Bytes.
struct ProcessMemory {
    /// All pages that are in memory, those shared with other processes included.
    let resident: Double
    /// Shared pages divided among those who share them.
    let proportional: Double

    init(of process: Int32) throws {
        resident = try Self.field("VmRSS:", of: "/proc/\(process)/status")
        proportional = try Self.field("Pss:", of: "/proc/\(process)/smaps_rollup")
    }

    private static func field(_ name: String, of file: String) throws -> Double {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        guard let words = lines.first(where: { $0.hasPrefix(name) })?.split(separator: " "), words.count > 1,
            let kibibytes = Double(words[1])
        else { throw RunFailure("\(file) has no \(name)") }
        return kibibytes * 1_024
    }
}
