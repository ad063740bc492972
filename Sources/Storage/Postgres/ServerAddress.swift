/// Where one server listens.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name, an address, or the folder of a Unix socket.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { "\(host):\(port)" }
}
