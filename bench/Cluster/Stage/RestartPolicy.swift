package import Kernel

/// When a process that died is started again: soon, and ever later while it keeps dying.
package struct RestartPolicy: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        package var backoff = Backoff(first: .milliseconds(200), maximum: .seconds(15))
        /// Who ran this long is forgiven earlier deaths.
        package var stable: Duration = .seconds(30)

        package init() {}
    }

    private struct Record: Equatable {
        var deaths: Int
        var startedAt: Duration
        var dueAt: Duration?
    }

    private let settings: Settings
    private var records: [String: Record] = [:]

    package init(_ settings: Settings = .init()) { self.settings = settings }

    /// The process was started; times count from any one moment.
    package mutating func started(_ name: String, at now: Duration) {
        records[name] = Record(deaths: records[name]?.deaths ?? 0, startedAt: now, dueAt: nil)
    }

    /// The process is seen dead. Whether to start it now; asked again and again until it is.
    package mutating func shouldStart(_ name: String, at now: Duration) -> Bool {
        var record = records[name] ?? Record(deaths: 0, startedAt: now, dueAt: nil)
        defer { records[name] = record }
        if let due = record.dueAt { return now >= due }
        if now - record.startedAt >= settings.stable { record.deaths = 0 }
        record.deaths += 1
        let due = now + settings.backoff.ceiling(afterAttempt: record.deaths)
        record.dueAt = due
        return false
    }
}
