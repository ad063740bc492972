package struct PostgresServersSettings: Sendable, Equatable {
    package let url: SecretReference
    package let connections: Int
    package let pipelines: Int
    package let maximumQueue: Int
    package let connectDeadline: Duration
    package let statementDeadline: Duration
    package let replicas: ReplicaReadSettings
    package let databases: TenantDatabaseList
}

extension PostgresServersSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        url = section.value(
            "url", "Address of the primary and its replicas, all hosts in one; of a role that owns nothing.",
            .secret(.text))
        connections = section.value(
            "connections", "Transactions at once, on each server.", .integer(in: 1...1000))
        pipelines = section.value(
            "pipelines", "Connections to each server that single reads share.", .integer(in: 1...16),
            default: 2)
        maximumQueue = section.value(
            "maximumQueue", "Calls that may wait for a server; more are refused.",
            .integer(in: 1...1_000_000))
        connectDeadline = section.value(
            "connectDeadline", "Longest time to reach a server.",
            .duration(in: .milliseconds(10) ... .minutes(1)), default: .seconds(2))
        statementDeadline = section.value(
            "statementDeadline", "Longest time for one call, its waiting included.",
            .duration(in: .milliseconds(10) ... .minutes(10)))
        replicas = section.optionalSection("replicas", "Which reads may go to replicas.")
        databases = TenantDatabaseList(reading: &section, home: url)
    }
}

package struct ReplicaReadSettings: Sendable, Equatable {
    package let patience: Duration
    package let maximumLag: Duration
    package let probeInterval: Duration
}

extension ReplicaReadSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        patience = section.value(
            "patience", "How long a read waits for a replica to have what its session wrote.",
            .duration(in: .milliseconds(0) ... .seconds(10)), default: .milliseconds(20))
        maximumLag = section.value(
            "maximumLag", "A replica further behind gets no reads.",
            .duration(in: .milliseconds(100) ... .minutes(10)), default: .seconds(2))
        probeInterval = section.value(
            "probeInterval", "How often each server is asked how it does; less often while nobody calls.",
            .duration(in: .milliseconds(10) ... .seconds(10)), default: .milliseconds(100))
        section.require(
            ["maximumLag", "probeInterval"], maximumLag >= probeInterval * 2,
            "must be at least 2 times probeInterval (\(probeInterval.inUnits)), or no replica ever qualifies")
    }
}
