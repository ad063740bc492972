import Foundation

/// A socket that listens on the loopback address, for processes that inherit it.
///
/// While anybody holds it, connections wait in its queue for whoever accepts next; when nobody does, they are refused.
package final class ListeningSocket: Sendable {
    package let port: Int
    /// Not passed on by itself.
    package let descriptor: Int32

    package init(port: Int) throws {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ClusterFailure("No socket can be made.") }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let descriptor = descriptor
        let listens = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    && listen(descriptor, 1024) == 0
            }
        }
        guard listens else { throw ClusterFailure("Nobody can listen on port \(port).") }
    }

    deinit { close(descriptor) }
}
