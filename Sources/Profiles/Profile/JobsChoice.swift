/// The queue of long work.
package enum JobsChoice: Sendable, Equatable {
    case table(JobTableSettings)
}

extension JobsChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("table", "A table of the relational store, polled.") {
                .table(JobTableSettings(reading: &$0))
            }
        ])
    }
}

package struct JobTableSettings: Sendable, Equatable {
    package let lease: Duration
    package let heartbeat: Duration
    package let pollInterval: Duration
    package let maximumAttempts: Int
    package let firstDelay: Duration
    package let maximumDelay: Duration
}

extension JobTableSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        lease = section.value(
            "lease", "A worker silent for this long loses its job.", .duration(in: .seconds(1) ... .hours(1)))
        heartbeat = section.value(
            "heartbeat", "How often a worker says that it is alive.",
            .duration(in: .milliseconds(100) ... .minutes(20)), default: .seconds(10))
        pollInterval = section.value(
            "pollInterval", "How often to look for jobs of other processes.",
            .duration(in: .milliseconds(10) ... .minutes(1)))
        maximumAttempts = section.value(
            "maximumAttempts", "Tries of one job before it has failed.", .integer(in: 1...100))
        firstDelay = section.value(
            "firstDelay", "Wait behind the first failure; it doubles from there.",
            .duration(in: .milliseconds(1) ... .hours(1)))
        maximumDelay = section.value(
            "maximumDelay", "Longest wait between tries.", .duration(in: .milliseconds(1) ... .days(1)))
        section.require(
            ["lease", "heartbeat"], lease >= heartbeat * 3,
            "must be at least 3 heartbeats (\((heartbeat * 3).inUnits)), or live workers lose their jobs")
        section.require(
            ["firstDelay", "maximumDelay"], firstDelay <= maximumDelay,
            "must not be longer than maximumDelay (\(maximumDelay.inUnits))")
    }
}
