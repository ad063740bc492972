package struct FeedSettings: Sendable, Equatable {
    package let pageLifetime: Duration
    package let homeDeadline: Duration
    package let retention: Duration
    package let mail: Mail

    package struct Mail: Sendable, Equatable {
        package let interval: Duration
        package let maximumAttempts: Int
        package let firstDelay: Duration
        package let maximumDelay: Duration
    }
}

extension FeedSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        pageLifetime = section.value(
            "pageLifetime", "How old the first page of a feed may be where its changes could not be told.",
            .duration(in: .milliseconds(100) ... .minutes(1)), default: .seconds(1))
        homeDeadline = section.value(
            "homeDeadline", "After this time /v1/home answers without what is late.",
            .duration(in: .milliseconds(50) ... .seconds(30)), default: .milliseconds(800))
        retention = section.value(
            "retention", "Activities, notifications and mails done with are forgotten after this time.",
            .duration(in: .days(1) ... .days(3650)), default: .days(180))
        mail = section.optionalSection("mail", "How letters about notifications are sent.")
    }
}

extension FeedSettings.Mail: ProfileSection {
    init(reading section: inout SectionReader) {
        interval = section.value(
            "interval", "How often role scheduler looks for letters that are due.",
            .duration(in: .milliseconds(100) ... .hours(1)), default: .seconds(2))
        maximumAttempts = section.value(
            "maximumAttempts", "A letter that failed so often is given up.", .integer(in: 1...100),
            default: 12)
        firstDelay = section.value(
            "firstDelay", "Longest wait after the first failure; it doubles.",
            .duration(in: .milliseconds(10) ... .hours(1)), default: .seconds(30))
        maximumDelay = section.value(
            "maximumDelay", "Longest wait between two tries.",
            .duration(in: .milliseconds(10) ... .days(7)), default: .hours(6))
    }
}
