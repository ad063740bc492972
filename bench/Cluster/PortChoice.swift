import Foundation

/// Free ports of the loopback address.
package struct PortChoice: Sendable {
    /// Below 32768, where the system takes the ports of outgoing connections; a server there may find its
    /// port taken.
    package static let allowed = 1024..<32_768

    /// Where the search begins.
    let first: Int
    let isFree: @Sendable (Int) -> Bool

    /// From `first`, or from a place chosen by chance, so that clusters started at once seldom meet.
    package init(first: Int?, isFree: @escaping @Sendable (Int) -> Bool = { Self.canBind($0) }) {
        self.first = first ?? Int.random(in: 18_000..<31_000)
        self.isFree = isFree
    }

    /// One port for each name: the next free ones in order.
    package func take(_ names: [String]) throws -> [String: Int] {
        var ports: [String: Int] = [:]
        var next = first
        for name in names {
            while next < Self.allowed.upperBound, !isFree(next) { next += 1 }
            guard next < Self.allowed.upperBound else {
                throw ClusterFailure("There are no \(names.count) free ports from \(first) on.")
            }
            ports[name] = next
            next += 1
        }
        return ports
    }

    package static func canBind(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Servers set it too: what lingers of closed connections does not make a port taken.
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
