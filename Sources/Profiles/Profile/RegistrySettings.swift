/// How processes of one deployment find each other.
package struct RegistrySettings: Sendable, Equatable {
    package let register: Bool
    package let advertisedHost: String
    package let heartbeat: Duration
    package let lifetime: Duration
    package let weight: Int
}

extension RegistrySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        register = section.value(
            "register", "Whether the listeners of this process are made known to gateways.", .boolean,
            default: false)
        advertisedHost = section.value(
            "advertisedHost", "Address by which other processes reach this one.", .host, default: "127.0.0.1")
        heartbeat = section.value(
            "heartbeat", "How often a process says that it is alive.",
            .duration(in: .milliseconds(100) ... .minutes(1)), default: .seconds(1))
        lifetime = section.value(
            "lifetime", "A process silent for this long is gone.",
            .duration(in: .seconds(1) ... .minutes(10)), default: .seconds(5))
        weight = section.value(
            "weight", "Share of this process under weighted balancing.", .integer(in: 1...1000), default: 1)
        section.require(
            ["lifetime", "heartbeat"], lifetime >= heartbeat * 3,
            "must be at least 3 times heartbeat (\(heartbeat.inUnits)), or live processes vanish")
    }
}
