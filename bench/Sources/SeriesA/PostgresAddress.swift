import Foundation

/// A URL of a database, taken apart for programs that want its parts.
struct PostgresAddress: Equatable, Sendable {
    var user: String
    var password: String
    var ports: [Int]
    var database: String

    /// `postgresql://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?...`, all hosts on the loopback address.
    init(_ url: String) throws {
        guard
            let parts = url.wholeMatch(
                of: #/postgres(?:ql)?://([^:@/]+):([^@/]*)@([^/]+)/([^?/]+)(?:\?.*)?/#)
        else { throw RunFailure("this is no URL of a database on this machine") }
        (user, password) = (String(parts.1), String(parts.2))
        ports = parts.3.split(separator: ",").compactMap { host in
            host.hasPrefix("127.0.0.1:") ? Int(host.dropFirst("127.0.0.1:".count)) : nil
        }
        guard ports.count == parts.3.split(separator: ",").count else {
            throw RunFailure("a host of the database is not 127.0.0.1:PORT")
        }
        database = String(parts.4)
    }

    /// Of all servers.
    var url: String {
        let hosts = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        return "postgresql://\(user):\(password)@\(hosts)/\(database)"
    }

    /// Of one of the servers; the primary is the first.
    func server(_ index: Int) -> PostgresAddress {
        var one = self
        one.ports = [ports[index]]
        return one
    }

    /// The same database, through something else in between.
    func through(port: Int) -> PostgresAddress {
        var one = self
        one.ports = [port]
        return one
    }
}
