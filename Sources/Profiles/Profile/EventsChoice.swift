/// The durable log of events.
package enum EventsChoice: Sendable, Equatable {
    case inProcess(InProcessEventsSettings)
    case kafka(KafkaEventsSettings)
}

/// The log and its readers, which share a section of the file.
struct EventsSection: ProfileSection {
    let adapter: EventsChoice
    let consumer: ConsumerSettings

    init(reading section: inout SectionReader) {
        adapter = section.adapter([
            Adapter("inProcess", "A table of the relational store, polled.") {
                .inProcess(InProcessEventsSettings(reading: &$0))
            },
            Adapter("kafka", "A topic of a Kafka cluster.") { .kafka(KafkaEventsSettings(reading: &$0)) },
        ])
        consumer = section.section("consumer", "How projectors treat an event that fails.")
        if case .kafka(let kafka) = adapter {
            section.require(
                ["kafka.maximumPollInterval", "consumer.handlerDeadline"],
                kafka.maximumPollInterval >= consumer.handlerDeadline * 2,
                "must be at least twice consumer.handlerDeadline (\(consumer.handlerDeadline.inUnits)), or whoever is busy with an event loses it"
            )
        }
    }
}

package struct InProcessEventsSettings: Sendable, Equatable {
    package let partitions: Int
    package let pollInterval: Duration
    package let batch: Int
    package let lease: Duration
    package let retention: Duration
}

extension InProcessEventsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        partitions = section.value(
            "partitions", "Lanes whose order is kept; fixed once the log holds events.",
            .integer(in: 1...1024))
        pollInterval = section.value(
            "pollInterval", "How often to look for what other processes appended.",
            .duration(in: .milliseconds(10) ... .minutes(1)))
        batch = section.value("batch", "Events moved or read at once.", .integer(in: 1...10_000))
        lease = section.value(
            "lease", "A member silent for this long loses its partitions.",
            .duration(in: .seconds(1) ... .minutes(10)))
        retention = section.value(
            "retention", "How long events are kept after every group has applied them.",
            .duration(in: .minutes(1) ... .days(3650)))
        section.require(
            ["lease", "pollInterval"], lease >= pollInterval * 3,
            "must be at least 3 times pollInterval (\(pollInterval.inUnits)), or live members lose them"
        )
    }
}

package struct ConsumerSettings: Sendable, Equatable {
    package let maximumAttempts: Int
    package let firstDelay: Duration
    package let maximumDelay: Duration
    package let handlerDeadline: Duration
}

extension ConsumerSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        maximumAttempts = section.value(
            "maximumAttempts", "Tries of one event before it becomes a dead letter.", .integer(in: 1...100))
        firstDelay = section.value(
            "firstDelay", "Wait behind the first failure; it doubles from there.",
            .duration(in: .milliseconds(1) ... .minutes(10)))
        maximumDelay = section.value(
            "maximumDelay", "Longest wait between tries.", .duration(in: .milliseconds(1) ... .hours(1)))
        handlerDeadline = section.value(
            "handlerDeadline", "Longest time to apply one event.",
            .duration(in: .milliseconds(100) ... .minutes(10)))
        section.require(
            ["firstDelay", "maximumDelay"], firstDelay <= maximumDelay,
            "must not be longer than maximumDelay (\(maximumDelay.inUnits))")
    }
}
