import Foundation

/// A way to a broker that only some take, and that can be held as a network is that loses all.
///
/// Brokers tell clients their addresses; in their answers this one's port stands in for the broker's, so that clients
/// stay on the line.
final class BrokerLine: Sendable {
    struct Trouble: Error {}

    let port: Int
    private let broker: Int
    private let listener: Int32
    private let state = LineState()

    /// To a broker on this machine that calls itself `127.0.0.1`.
    init(to broker: Int) throws {
        self.broker = broker
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                return bind(listener, pointer, size) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, UnsafeMutablePointer(mutating: pointer), &size) == 0
            }
        }
        guard isBound else { throw Trouble() }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in accept() }.start()
    }

    /// Nothing passes, and nothing is closed.
    func hold() { state.change { $0.isHeld = true } }

    /// What was held arrives now.
    func heal() { state.change { $0.isHeld = false } }

    func end() {
        state.change { $0.hasEnded = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(broker)
            let isOpen = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isOpen, state.add([client, server]) else {
                close(client)
                close(server)
                continue
            }
            Thread { [self] in pump(client, server, isAnswer: false) }.start()
            Thread { [self] in pump(server, client, isAnswer: true) }.start()
        }
        close(listener)
    }

    private func pump(_ source: Int32, _ target: Int32, isAnswer: Bool) {
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(source, &bytes, bytes.count, 0)
            guard count > 0, state.mayPass() else { break }
            if isAnswer { rewrite(&bytes, count) }
            var sent = 0
            while sent < count {
                let more = bytes.withUnsafeBytes {
                    send(target, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                guard more > 0 else { break }
                sent += more
            }
            guard sent == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }

    /// An address is the name, and behind it the port in four bytes.
    private func rewrite(_ bytes: inout [UInt8], _ count: Int) {
        let name = Array("127.0.0.1".utf8)
        let theirs = Self.bigEndian(broker), ours = Self.bigEndian(port)
        let pattern = name + theirs
        guard count >= pattern.count else { return }
        var place = 0
        while place <= count - pattern.count {
            if bytes[place] == pattern[0], bytes[place..<place + pattern.count].elementsEqual(pattern) {
                bytes.replaceSubrange(place + name.count..<place + pattern.count, with: ours)
                place += pattern.count
            } else {
                place += 1
            }
        }
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: Int32(number).bigEndian) { Array($0) }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}

/// Whether bytes may pass, for the threads that carry them.
// Unchecked, for a condition variable guards all: each access holds it.
private final class LineState: @unchecked Sendable {
    private let condition = NSCondition()
    var isHeld = false
    var hasEnded = false
    private var sockets: [Int32] = []

    func change(_ body: (LineState) -> Void) {
        condition.withLock {
            body(self)
            if hasEnded { for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
            condition.broadcast()
        }
    }

    /// False if all is over. Their numbers stay taken until then.
    func add(_ more: [Int32]) -> Bool {
        condition.withLock {
            if !hasEnded { sockets += more }
            return !hasEnded
        }
    }

    /// Waits while the line is held; false if all is over.
    func mayPass() -> Bool {
        condition.withLock {
            while isHeld && !hasEnded { condition.wait() }
            return !hasEnded
        }
    }

    deinit { for socket in sockets { close(socket) } }
}
