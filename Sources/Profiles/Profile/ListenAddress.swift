/// Where a listener listens.
struct ListenAddress: Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether the second of the two could not be opened.
    func collides(with other: ListenAddress) -> Bool {
        guard port != 0, port == other.port else { return false }
        return host == other.host || [host, other.host].contains { ["0.0.0.0", "::", "*"].contains($0) }
    }
}
