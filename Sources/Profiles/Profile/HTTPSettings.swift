package struct HTTPSettings: Sendable, Equatable {
    package let host: String
    package let port: Int
    /// Without a path and a final slash.
    package let publicURL: String
    package let web: String
    package let schemas: String
    package let maximumBodyBytes: ByteCount
    package let maximumHeaderBytes: ByteCount
    package let requestDeadline: Duration
    package let idleTimeout: Duration
    package let maximumConnections: Int
    package let maximumRequestsInFlight: Int
    package let drainDeadline: Duration
    package let allowedOrigins: [String]
    package let trustedProxies: [NetworkRange]

    var address: ListenAddress { ListenAddress(host: host, port: port) }
}

extension HTTPSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        host = section.value("host", "Address to listen on.", .host)
        port = section.value("port", "Port to listen on; 0 takes a free one.", .integer(in: 0...65_535))
        publicURL = section.value("publicURL", "What clients call this server.", .origin)
        web = section.value("web", "Folder of the web page.", .path)
        schemas = section.value("schemas", "Folder of the schemas of requests and answers.", .path)
        maximumBodyBytes = section.value(
            "maximumBodyBytes", "Largest body of a request that is not an upload.",
            .bytes(in: .kibibytes(1) ... .mebibytes(64)))
        maximumHeaderBytes = section.value(
            "maximumHeaderBytes", "Largest head of a request.", .bytes(in: .kibibytes(1) ... .mebibytes(1)))
        requestDeadline = section.value(
            "requestDeadline", "Longest time for one request; uploads and streams excepted.",
            .duration(in: .milliseconds(100) ... .minutes(10)))
        idleTimeout = section.value(
            "idleTimeout", "A connection without traffic is closed after this time.",
            .duration(in: .seconds(1) ... .hours(1)))
        maximumConnections = section.value(
            "maximumConnections", "Open connections at once; more wait in the backlog.",
            .integer(in: 1...1_000_000))
        maximumRequestsInFlight = section.value(
            "maximumRequestsInFlight", "Requests worked on at once; more are shed.",
            .integer(in: 1...1_000_000))
        drainDeadline = section.value(
            "drainDeadline", "From the signal to stop until what is left is cut off.",
            .duration(in: .seconds(1) ... .minutes(15)))
        allowedOrigins = section.value(
            "allowedOrigins", "Other origins whose pages may call the API.", .list(of: .origin, atMost: 100))
        trustedProxies = section.value(
            "trustedProxies", "Peers whose word about the client's address is taken.",
            .list(of: .network, atMost: 100), default: [])
        section.require(
            ["publicURL"], !PublicOrigin.needsTLS(publicURL),
            "http is for loopback and private addresses only; use https")
    }
}

package struct AdminSettings: Sendable, Equatable {
    package let host: String
    package let port: Int

    var address: ListenAddress { ListenAddress(host: host, port: port) }
}

extension AdminSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        host = section.value("host", "Address to listen on; never one the public can reach.", .host)
        port = section.value("port", "Port to listen on; 0 takes a free one.", .integer(in: 0...65_535))
    }
}
