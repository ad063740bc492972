/// What a Redis URL says.
struct RedisAddress: Sendable, Equatable {
    enum Topology: Sendable, Equatable {
        case single(RedisEndpoint)
        /// Sentinels, and the name under which they watch a primary.
        case sentinel([RedisEndpoint], service: String)
        /// Some nodes, of which one tells the others.
        case cluster([RedisEndpoint])
    }

    struct Login: Sendable, Equatable {
        var user: String?
        var password: String
    }

    /// Files in PEM.
    struct TLS: Sendable, Equatable {
        /// Nil: the system's trust store.
        var authorities: String?
        var certificate: String?
        var key: String?
    }

    var topology: Topology
    var login: Login?
    /// For the Sentinels, which have users of their own.
    var sentinelLogin: Login?
    var database = 0
    var tls: TLS?
}
