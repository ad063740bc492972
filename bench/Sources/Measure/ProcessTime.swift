import Foundation

/// Processor time that a running process has taken, user and system.
enum ProcessTime {
    /// Seconds; nothing of a process that has ended.
    static func seconds(of process: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
            return 0
        }
        return ticks(text) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The name, in parentheses, may hold anything; fields 14 and 15 count from the line's beginning.
    static func ticks(_ stat: String) -> Double {
        guard let end = stat.lastIndex(of: ")") else { return 0 }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12 else { return 0 }
        return (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
    }
}
