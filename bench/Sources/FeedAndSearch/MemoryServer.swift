import Cluster
import Foundation
import Synchronization

/// What a read of a cache in memory costs over HTTP at the least: it answers all that is asked with the same bytes. A
/// thread for each connection waits for the empty line behind a request; nothing is routed, and nobody checked.
final class MemoryServer: Sendable {
    let port: Int
    private let listening: Int32
    private let connections = Mutex<Set<Int32>>([])

    init(body: [UInt8]) throws {
        port = try PortChoice.takeOne()
        listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard Loopback.withAddress(port: port, { bind(listening, $0, $1) }) == 0, listen(listening, 128) == 0
        else {
            close(listening)
            throw RunFailure("port \(port): \(String(cString: strerror(errno)))")
        }
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        let answer = Array(head.utf8) + body
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listening, nil, nil)
                guard connection >= 0 else { break }
                connections.withLock { _ = $0.insert(connection) }
                Thread.detachNewThread { [self] in
                    Self.serve(connection, answer)
                    connections.withLock { _ = $0.remove(connection) }
                    close(connection)
                }
            }
            close(listening)
        }
    }

    /// Whoever waits for a question or a connection is woken, and goes.
    func stop() {
        shutdown(listening, Int32(SHUT_RDWR))
        connections.withLock { for connection in $0 { shutdown(connection, Int32(SHUT_RDWR)) } }
    }

    private static func serve(_ connection: Int32, _ answer: [UInt8]) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            request += buffer[..<count]
            // Who asks waits for the answer: nothing is behind the empty line.
            guard request.suffix(4).elementsEqual([13, 10, 13, 10]) else { continue }
            request.removeAll(keepingCapacity: true)
            guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
        }
    }
}
