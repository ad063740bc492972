import Foundation

/// One connection over which requests follow each other, by bare sockets. Blocks: for threads of one's own.
final class KeepAliveClient {
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    private let descriptor: Int32
    private let host: String
    private var buffer = [UInt8](repeating: 0, count: 16_384)

    private static let mostBytes = 1 << 20

    /// To a server on this machine, which has ten seconds for each answer.
    init(port: Int) throws {
        host = "127.0.0.1:\(port)"
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw RunFailure("no socket: \(String(cString: strerror(errno)))") }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard Loopback.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            throw RunFailure("\(host) cannot be reached: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    func ask(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String = ""
    ) throws -> Answer {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        if !body.isEmpty {
            request += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        let bytes = Array((request + "\r\n" + body).utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw RunFailure("\(host) took no request")
        }
        return try receive()
    }

    private func receive() throws -> Answer {
        var answer: [UInt8] = []
        while answer.count < Self.mostBytes {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw RunFailure("\(host) ended its answer early") }
            answer += buffer[..<count]
            if let whole = try Self.parse(answer) { return whole }
        }
        throw RunFailure("\(host) answered with more than a megabyte")
    }

    /// Nil while some of it is missing. Answers without a length have no body here.
    static func parse(_ bytes: [UInt8]) throws -> Answer? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let split = bytes.firstRange(of: end) else { return nil }
        let head = String(decoding: bytes[..<split.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let words = head.first?.split(separator: " "), words.count > 1, let status = Int(words[1])
        else {
            throw RunFailure("this is no answer of HTTP")
        }
        var length = 0
        for line in head.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2, pair[0].lowercased() == "content-length" {
                length = Int(pair[1].trimmingCharacters(in: .whitespaces)) ?? 0
            }
        }
        let body = bytes[split.upperBound...]
        return body.count >= length ? Answer(status: status, body: Array(body.prefix(length))) : nil
    }
}
