import Foundation

/// A room of the chat, where it is served, and what opens it.
struct ChatPlace: Sendable {
    var port: Int
    let token: String
    let room: String
}

/// One connection to a server of the chat, by a bare socket.
struct ChatLine {
    let descriptor: Int32
    var reader = FrameReader()

    private static let patience = timeval(tv_sec: 60, tv_usec: 0)

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw RunFailure("no socket: \(String(cString: strerror(errno)))") }
        var patience = Self.patience
        set(SOL_SOCKET, SO_RCVTIMEO, &patience, MemoryLayout<timeval>.size)
        // Thousands that end together leave no ports behind that wait.
        var ending = linger(l_onoff: 1, l_linger: 0)
        set(SOL_SOCKET, SO_LINGER, &ending, MemoryLayout<linger>.size)
        var isOn: Int32 = 1
        set(Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, MemoryLayout<Int32>.size)
        guard Loopback.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            let reason = String(cString: strerror(errno))
            Foundation.close(descriptor)
            throw RunFailure("port \(port) cannot be reached: \(reason)")
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: UnsafeRawPointer, _ size: Int) {
        setsockopt(descriptor, level, option, value, socklen_t(size))
    }

    func close() { Foundation.close(descriptor) }

    /// Asks for the upgrade and says hello in one breath.
    func greet(_ place: ChatPlace, listens: Bool) throws {
        let rooms = listens ? #"{"id":"\#(place.room)"}"# : ""
        let head =
            "GET /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:\(place.port)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Authorization: Bearer \(place.token)\r\n\r\n"
        try send(Array(head.utf8) + Self.frame(0x1, #"{"type":"hello","rooms":[\#(rooms)]}"#))
    }

    /// The newest entry of the room. Blocks until the hello is answered; what comes behind goes to the reader.
    mutating func awaitWelcome() throws -> Int64 {
        var head: [UInt8]? = []
        var last: Int64?
        var isWelcome = false
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !isWelcome {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw RunFailure("a connection ended, or its hello was not answered") }
            var bytes = buffer[..<count]
            if let before = head {
                let whole = before + bytes
                guard let end = whole.firstRange(of: Array("\r\n\r\n".utf8)) else {
                    head = whole
                    continue
                }
                guard whole.starts(with: Array("HTTP/1.1 101".utf8)) else {
                    throw RunFailure("no upgrade: \(String(decoding: whole.prefix(400), as: UTF8.self))")
                }
                head = nil
                bytes = whole[end.upperBound...]
            }
            try Array(bytes).withUnsafeBytes { bytes in
                try reader.read(bytes) { opcode, payload in
                    guard opcode != FrameReader.close else { throw Self.closed(payload) }
                    guard case .welcome(let seq) = ChatWord(payload) else { return }
                    (isWelcome, last) = (true, seq)
                }
            }
        }
        return last ?? 0
    }

    static func closed(_ payload: UnsafeRawBufferPointer) -> RunFailure {
        let code = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
        return RunFailure("closed with \(code): \(String(decoding: payload.dropFirst(2), as: UTF8.self))")
    }

    func stopBlocking() { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }

    /// All at once: what is sent here never fills a socket.
    func send(_ bytes: [UInt8]) throws {
        guard Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw RunFailure("a connection took no frame: \(String(cString: strerror(errno)))")
        }
    }

    /// A client's, masked by zeroes, which leave it as it is. `payload` has less than 64 KiB.
    static func frame(_ opcode: UInt8, _ payload: String) -> [UInt8] {
        let bytes = Array(payload.utf8)
        let length: [UInt8] =
            bytes.count < 126
            ? [0x80 | UInt8(bytes.count)] : [0x80 | 126, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
        return [0x80 | opcode] + length + [0, 0, 0, 0] + bytes
    }
}
