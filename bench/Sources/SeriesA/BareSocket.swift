import Foundation

/// A connection to a server on this machine, closed when nobody holds it any more. For one thread.
final class BareSocket {
    let descriptor: Int32
    private var room = [UInt8](repeating: 0, count: 65_536)

    private static let patience = timeval(tv_sec: 10, tv_usec: 0)

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw RunFailure("no socket: \(String(cString: strerror(errno)))") }
        var patience = Self.patience
        set(SOL_SOCKET, SO_RCVTIMEO, &patience, MemoryLayout<timeval>.size)
        var isOn: Int32 = 1
        set(Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, MemoryLayout<Int32>.size)
        guard Loopback.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            throw RunFailure("port \(port) cannot be reached: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    private func set(_ level: Int32, _ option: Int32, _ value: UnsafeRawPointer, _ size: Int) {
        setsockopt(descriptor, level, option, value, socklen_t(size))
    }

    /// Sends what goes without waiting, and takes it out of `bytes`.
    func send(_ bytes: inout [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = Foundation.send(descriptor, bytes, bytes.count, flags)
        guard count >= 0 || errno == EAGAIN || errno == EINTR else {
            throw RunFailure("send: \(String(cString: strerror(errno)))")
        }
        bytes.removeFirst(max(0, count))
    }

    /// Waits for something where nothing has come yet.
    func receive(into replies: BareReplies) throws {
        let count = recv(descriptor, &room, room.count, 0)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else {
            let reason = count == 0 ? "the server ended the connection" : String(cString: strerror(errno))
            throw RunFailure("recv: \(reason)")
        }
        replies.append(room[..<count])
    }
}
