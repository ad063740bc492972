/// How a gateway finds the instances behind it.
package enum DiscoveryChoice: Sendable, Equatable {
    case registry
    case dns(DNSDiscoverySettings)
}

extension DiscoveryChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("registry", "By what they make known about themselves.") { _ in .registry },
            Adapter("dns", "By the addresses of a name, such as a headless service of Kubernetes.") {
                .dns(DNSDiscoverySettings(reading: &$0))
            },
        ])
    }
}

package struct DNSDiscoverySettings: Sendable, Equatable {
    package let name: String
    package let port: Int
    /// Of the instances that hold live connections; where empty, those of `name` do.
    package let chatName: String
    package let period: Duration
    /// Empty for those of the system.
    package let server: String
    package let serverPort: Int
}

extension DNSDiscoverySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        name = section.value("name", "Name whose addresses are the instances.", .host)
        port = section.value("port", "Port of each instance.", .integer(in: 1...65_535))
        chatName = section.value(
            "chatName", "Name whose addresses hold live connections; that of the others if absent.", .host,
            default: "")
        period = section.value(
            "period", "How often the name is asked for.", .duration(in: .milliseconds(100) ... .minutes(5)),
            default: .seconds(2))
        server = section.value(
            "server", "Server for names, by its IPv4 address; those of the system if absent.", .host,
            default: "")
        serverPort = section.value(
            "serverPort", "Port of that server.", .integer(in: 1...65_535), default: 53)
        section.require(
            ["server"],
            server.isEmpty || NetworkRange(server) != nil && !server.contains { ":/".contains($0) },
            "must be an IPv4 address, such as 127.0.0.1")
    }
}
