import Foundation

/// One small question over a fresh connection, by bare sockets: a client library's own start would count too.
struct HTTPProbe: Sendable {
    let port: Int
    let path: String

    /// Whether the answer is 200. Blocks for a second at most, and on loopback hardly at all.
    var isAnswered: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let connected = Loopback.withAddress(port: port) { connect(descriptor, $0, $1) }
        guard connected == 0 else { return false }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        // Not a signal but an error when the other side has gone.
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: 12)
        let count = recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL))
        return count == answer.count && String(decoding: answer, as: UTF8.self).hasSuffix(" 200")
    }
}

enum Loopback {
    static func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
