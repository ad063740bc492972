import Foundation

/// Counts the time and the processor time of a piece of work: this process's and its ended children's.
struct Stopwatch {
    private let start = ContinuousClock.now
    private let cpuAtStart = Self.cpuSeconds

    /// Seconds since it was made.
    var wall: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// To be read when all children have ended.
    var cpu: Double { Self.cpuSeconds - cpuAtStart }

    private static var cpuSeconds: Double {
        [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].reduce(0) { sum, who in
            var usage = rusage()
            getrusage(__rusage_who_t(who), &usage)
            return sum + usage.ru_utime.inSeconds + usage.ru_stime.inSeconds
        }
    }
}

extension timeval {
    fileprivate var inSeconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
