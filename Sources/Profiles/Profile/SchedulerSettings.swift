package struct SchedulerSettings: Sendable, Equatable {
    package let expireUploads: Duration
    package let removeExpired: Duration
}

extension SchedulerSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        expireUploads = section.value(
            "expireUploads", "How often abandoned uploads are cleaned up.",
            .duration(in: .seconds(1) ... .hours(1)))
        removeExpired = section.value(
            "removeExpired", "How often old events, finished jobs, once-records and sessions are forgotten.",
            .duration(in: .seconds(1) ... .days(1)))
    }
}
