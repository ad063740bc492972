/// The listener of role `gateway`, and how it treats the instances behind it.
package struct GatewayListenerSettings: Sendable, Equatable {
    package let host: String
    package let port: Int
    package let policy: BalancingChoice
    package let maximumConnections: Int
    package let connectionsPerInstance: Int
    package let maximumWaiting: Int
    package let connectDeadline: Duration
    package let headDeadline: Duration
    package let probeInterval: Duration
    package let retryShare: Int
    package let trustedProxies: [NetworkRange]
    package let discovery: DiscoveryChoice

    var address: ListenAddress { ListenAddress(host: host, port: port) }
}

package enum BalancingChoice: String, Sendable, CaseIterable {
    case roundRobin, weightedRoundRobin, leastConnections, weightedLeastConnections, ipHash, randomOfTwo
}

extension BalancingChoice: ProfileValue {}

extension GatewayListenerSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        host = section.value("host", "Address to listen on.", .host, default: "127.0.0.1")
        port = section.value(
            "port", "Port to listen on; 0 takes a free one.", .integer(in: 0...65_535), default: 8080)
        policy = section.value(
            "policy", "Which instance gets the next request.", .choice(), default: .leastConnections)
        maximumConnections = section.value(
            "maximumConnections", "Clients connected at once; more wait in the backlog.",
            .integer(in: 1...1_000_000), default: 10_000)
        connectionsPerInstance = section.value(
            "connectionsPerInstance", "Connections to one instance at once.", .integer(in: 1...100_000),
            default: 256)
        maximumWaiting = section.value(
            "maximumWaiting", "Requests that may wait for a connection; more are refused.",
            .integer(in: 1...1_000_000), default: 1000)
        connectDeadline = section.value(
            "connectDeadline", "Longest time to reach an instance.",
            .duration(in: .milliseconds(10) ... .minutes(1)), default: .seconds(1))
        headDeadline = section.value(
            "headDeadline", "Longest time until an instance begins to answer.",
            .duration(in: .milliseconds(100) ... .minutes(15)), default: .seconds(60))
        probeInterval = section.value(
            "probeInterval", "How often each instance is asked whether it is ready.",
            .duration(in: .milliseconds(100) ... .minutes(1)), default: .seconds(1))
        retryShare = section.value(
            "retryShare", "Requests that may be tried again, in per cent of all.", .integer(in: 0...100),
            default: 10)
        trustedProxies = section.value(
            "trustedProxies", "Peers whose word about the client's address is taken.",
            .list(of: .network, atMost: 100), default: [])
        discovery = section.optionalSection("discovery", "How the instances are found.")
    }
}
