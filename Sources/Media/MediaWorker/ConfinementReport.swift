import CConfinement

/// How far a media worker is shut in, from weakest to strongest.
package enum ConfinementLevel: String, Sendable, Codable, Comparable, CaseIterable {
    case none
    /// Memory, processor time, file sizes and descriptors have limits.
    case limits
    /// Also, no network can be reached.
    case noNetwork
    /// Also, only the source can be read and only the output folder written; no programs, processes or
    /// signals.
    case full

    package static func < (left: Self, right: Self) -> Bool {
        Self.allCases.firstIndex(of: left)! < Self.allCases.firstIndex(of: right)!
    }
}

/// Which walls stand around a media worker, or could stand on this machine.
package struct ConfinementReport: Sendable, Codable, Equatable {
    package var limits: Bool
    package var networkNamespace: Bool
    /// Version of Landlock's interface; 0 when absent.
    package var landlock: Int
    package var callFilter: Bool

    package var level: ConfinementLevel {
        guard limits else { return .none }
        guard networkNamespace || callFilter else { return .limits }
        return landlock > 0 && callFilter ? .full : .noNetwork
    }

    /// What this machine offers, without confining the caller. A container may still refuse some of it to a
    /// child.
    package static func available() -> ConfinementReport {
        ConfinementReport(
            limits: true, networkNamespace: confinement_has_network_namespaces() == 1,
            landlock: Int(confinement_landlock_version()), callFilter: confinement_has_seccomp() == 1)
    }
}

/// Limits of one worker process.
struct WorkerLimits: Sendable, Codable, Equatable {
    var memoryBytes: Int
    var cpuSeconds: Int
    /// Of each file written.
    var fileBytes: Int
}

/// Shuts the calling process in, for good.
enum Confinement {
    /// Single-threaded processes only. Tells what could be achieved.
    static func enter(_ limits: WorkerLimits, source: String?, directory: String?) -> ConfinementReport {
        var report = ConfinementReport(limits: false, networkNamespace: false, landlock: 0, callFilter: false)
        report.networkNamespace = confinement_isolate_network() == 0
        // After the namespace: a change of credentials forgets it.
        confinement_die_with_parent()
        report.limits =
            confinement_limit(
                confinement_limits(
                    memory_bytes: UInt64(max(0, limits.memoryBytes)),
                    cpu_seconds: UInt64(max(1, limits.cpuSeconds)),
                    file_bytes: UInt64(max(0, limits.fileBytes)), open_files: 64)) == 0
        if confinement_restrict_files(source, directory) == 0 {
            report.landlock = Int(confinement_landlock_version())
        }
        report.callFilter = confinement_restrict_calls() == 0
        return report
    }
}
