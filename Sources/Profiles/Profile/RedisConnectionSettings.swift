/// How to reach one Redis; a part of each section that uses it, which has a connection of its own.
package struct RedisConnectionSettings: Sendable, Equatable, Hashable {
    package let url: SecretReference
    package let keyPrefix: String
    package let connectDeadline: Duration
    package let commandDeadline: Duration
    package let maximumInFlight: Int
}

extension RedisConnectionSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        url = section.value(
            "url", "redis://, rediss://, redis-sentinel:// or redis-cluster:// address.", .secret(.text))
        keyPrefix = section.value(
            "keyPrefix", "Begins every key and channel, so that deployments may share one Redis.", .text,
            default: "cloudstream:")
        connectDeadline = section.value(
            "connectDeadline", "Longest time to reach it.", .duration(in: .milliseconds(10) ... .minutes(1)),
            default: .seconds(1))
        commandDeadline = section.value(
            "commandDeadline", "Longest time for one command; then the fallback serves.",
            .duration(in: .milliseconds(1) ... .seconds(30)), default: .milliseconds(250))
        maximumInFlight = section.value(
            "maximumInFlight", "Commands sent and not yet answered; more are refused.",
            .integer(in: 1...10_000_000), default: 100_000)
    }
}
