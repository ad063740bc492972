import Foundation

/// A process that cannot be mistaken for a later one with the same number.
package struct ProcessIdentity: Sendable, Codable, Hashable {
    package let pid: Int32
    /// When it started, in clock ticks since the machine did.
    let startTicks: UInt64
    /// The run of the machine.
    let boot: String

    /// The process that has the number now; nil if none has, or it is a zombie.
    package static func of(_ pid: Int32) -> ProcessIdentity? {
        guard let stat = ProcessStat.read(pid), !stat.isZombie else { return nil }
        return ProcessIdentity(pid: pid, startTicks: stat.startTicks, boot: currentBoot)
    }

    /// Whether it still runs. Collects it if it is a child of this process that has ended.
    package var isAlive: Bool {
        guard boot == Self.currentBoot, let stat = ProcessStat.read(pid), stat.startTicks == startTicks else {
            return false
        }
        guard stat.isZombie else { return true }
        // Fails when it is the child of another, who then collects it.
        var status: Int32 = 0
        _ = waitpid(pid, &status, WNOHANG)
        return false
    }

    /// Sends a signal if it is still the same process; says whether it is.
    @discardableResult
    package func signal(_ number: Int32) -> Bool { isAlive && kill(pid, number) == 0 }

    /// It and all its descendants, parents first.
    package var family: [ProcessIdentity] {
        guard isAlive else { return [] }
        let all = ProcessStat.all()
        var found = [self]
        var next = 0
        while next < found.count {
            let parent = found[next].pid
            found += all.filter { $0.value.parent == parent && !$0.value.isZombie }
                .map { ProcessIdentity(pid: $0.key, startTicks: $0.value.startTicks, boot: boot) }
            next += 1
        }
        return found
    }

    /// Signals it and all its descendants.
    package func signalFamily(_ number: Int32) { for process in family { process.signal(number) } }

    /// Waits until it is gone; false when the deadline came first.
    package func waitForEnd(_ deadline: Duration) async throws -> Bool {
        let end = ContinuousClock.now + deadline
        var pause = Duration.milliseconds(2)
        while isAlive {
            guard ContinuousClock.now < end else { return false }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(20))
        }
        return true
    }

    static let currentBoot: String = {
        // Absent where the kernel does not tell: then a restart of the machine is not noticed.
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }()
}

/// What the kernel tells about a process.
struct ProcessStat: Equatable {
    let name: String
    let state: Character
    let parent: Int32
    let startTicks: UInt64

    var isZombie: Bool { state == "Z" || state == "X" }

    /// Reads `/proc/PID/stat`. A name may hold spaces and brackets, so fields are counted from its last
    /// bracket.
    init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
            return nil
        }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let startTicks = UInt64(fields[19])
        else { return nil }
        name = String(text[text.index(after: open)..<close])
        self.state = state
        self.parent = parent
        self.startTicks = startTicks
    }

    static func read(_ pid: Int32) -> ProcessStat? {
        // Absent when there is no such process.
        (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)).flatMap(ProcessStat.init)
    }

    static func all() -> [Int32: ProcessStat] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        var found: [Int32: ProcessStat] = [:]
        for pid in names.compactMap({ Int32($0) }) { found[pid] = read(pid) }
        return found
    }
}
