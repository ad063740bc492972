package struct KafkaEventsSettings: Sendable, Equatable {
    package let brokers: SecretReference
    package let topic: String
    package let partitions: Int
    package let replicas: Int
    package let minimumInSyncReplicas: Int
    package let retention: Duration
    package let deliveryDeadline: Duration
    package let sessionTimeout: Duration
    package let heartbeat: Duration
    package let maximumPollInterval: Duration
    package let relay: RelaySettings
}

extension KafkaEventsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        brokers = section.value(
            "brokers", "host:port of some brokers, joined by commas; ?key=value&... for TLS and SASL.",
            .secret(.text))
        topic = section.value("topic", "The topic; it is made if absent.", .text)
        partitions = section.value(
            "partitions", "Lanes whose order is kept; fixed once the topic holds events.",
            .integer(in: 1...10_000))
        replicas = section.value(
            "replicas", "Brokers that hold each partition of a new topic.", .integer(in: 1...15))
        minimumInSyncReplicas = section.value(
            "minimumInSyncReplicas", "Of them, those that must have an event before it counts as told.",
            .integer(in: 1...15))
        retention = section.value(
            "retention", "How long a new topic keeps events.", .duration(in: .hours(1) ... .days(3650)))
        deliveryDeadline = section.value(
            "deliveryDeadline", "Longest time until the brokers have an event; then it is tried again.",
            .duration(in: .seconds(1) ... .minutes(10)), default: .seconds(30))
        sessionTimeout = section.value(
            "sessionTimeout", "A member silent for this long loses its partitions.",
            .duration(in: .seconds(6) ... .minutes(30)))
        heartbeat = section.value(
            "heartbeat", "How often a member says that it is alive.",
            .duration(in: .milliseconds(100) ... .minutes(10)), default: .seconds(2))
        maximumPollInterval = section.value(
            "maximumPollInterval",
            "A member that is busy for this long, or whose joining brokers do not answer, begins anew.",
            .duration(in: .seconds(6) ... .hours(1)), default: .seconds(90))
        relay = section.section("relay", "How events come from the outbox to the topic.")
        section.require(
            ["minimumInSyncReplicas", "replicas"], minimumInSyncReplicas <= replicas,
            "must not be more than replicas (\(replicas))")
        section.require(
            ["maximumPollInterval", "sessionTimeout"], maximumPollInterval >= sessionTimeout,
            "must not be shorter than sessionTimeout (\(sessionTimeout.inUnits))")
        section.require(
            ["sessionTimeout", "heartbeat"], sessionTimeout >= heartbeat * 3,
            "must be at least 3 times heartbeat (\(heartbeat.inUnits)), or live members lose their partitions"
        )
    }
}

package struct RelaySettings: Sendable, Equatable {
    package let batch: Int
    package let pollInterval: Duration
    package let lease: Duration
}

extension RelaySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        batch = section.value("batch", "Events moved at once.", .integer(in: 1...10_000))
        pollInterval = section.value(
            "pollInterval", "How often to look for what other processes put in the outbox.",
            .duration(in: .milliseconds(10) ... .minutes(1)))
        lease = section.value(
            "lease", "A relay silent for this long is replaced by another.",
            .duration(in: .seconds(1) ... .minutes(10)))
    }
}
