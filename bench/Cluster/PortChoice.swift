import Foundation
import Synchronization

/// Free ports of the loopback address.
package struct PortChoice: Sendable {
    /// Below 32768, where the system takes the ports of outgoing connections; a server there may find its
    /// port taken.
    package static let allowed = 1024..<32_768

    /// In this process: who got one may begin to listen long after, and nobody else gets it by chance.
    private static let given = Mutex<Set<Int>>([])

    private let first: Int?
    private let isFree: @Sendable (Int) -> Bool

    /// From `first` on, or from a place chosen by chance, so that clusters started at once seldom meet.
    package init(first: Int?, isFree: @escaping @Sendable (Int) -> Bool = { Self.canBind($0) }) {
        self.first = first
        self.isFree = isFree
    }

    /// One port for each name: the next free ones in order.
    package func take(_ names: [String]) throws -> [String: Int] {
        var next = begin
        var ports: [String: Int] = [:]
        for name in names {
            let port = try take(from: next)
            ports[name] = port
            next = port + 1
        }
        return ports
    }

    /// One by chance.
    package static func takeOne() throws -> Int {
        let choice = PortChoice(first: nil)
        return try choice.take(from: choice.begin)
    }

    private var begin: Int { first ?? Int.random(in: 18_000..<31_000) }

    private func take(from begin: Int) throws -> Int {
        for port in begin..<max(begin, Self.allowed.upperBound) where isFree(port) {
            let isNew = Self.given.withLock { $0.insert(port).inserted }
            if first != nil || isNew { return port }
        }
        throw ClusterFailure("There is no free port from \(begin) on.")
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
