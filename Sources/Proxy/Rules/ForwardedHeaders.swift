import NIOHTTP1

/// Builds the headers that an instance gets, and those that the client gets back.
struct ForwardedHeaders: Sendable {
    /// Who sent the request, as the connection says.
    struct Peer: Sendable, Equatable {
        let address: String
        /// A proxy of ours, whose word on who is behind it counts.
        let isTrusted: Bool
    }

    /// By which clients reach the gateway: `http`, or `https` behind something that ends TLS.
    let scheme: String
    /// Shows the instance who passes the request on.
    var serviceToken: String?

    /// Fields about one connection, and claims about the way so far, do not pass.
    func request(
        _ headers: HTTPHeaders, _ checked: CheckedRequest, from peer: Peer, ids: RequestIDs
    ) -> HTTPHeaders {
        var result = HTTPHeaders()
        result.reserveCapacity(headers.count + 8)
        result.add(name: "Host", value: checked.host)
        let dropped = Self.nominated(headers)
        var earlier = Earlier()
        for (name, value) in headers {
            switch HeaderKind(name) {
            case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
                .contentLength, .host, .expect, .forwardedOther, .requestID, .traceParent,
                .serviceToken:
                continue
            case .forwarded: earlier.forwarded.append(value)
            case .forwardedFor: earlier.addresses.append(value)
            case .forwardedProto: earlier.scheme = value
            case .forwardedHost: earlier.host = value
            case .idempotencyKey: result.add(name: name, value: value)
            case .other:
                if dropped.isEmpty || !dropped.contains(name.lowercased()) {
                    result.add(name: name, value: value)
                }
            }
        }
        add(earlier, peer, host: checked.host, to: &result)
        result.add(name: "X-Request-Id", value: ids.request)
        result.add(name: "traceparent", value: ids.trace)
        if let serviceToken { result.add(name: "X-Service-Token", value: serviceToken) }
        switch checked.body {
        case .none: break
        case .length(let length): result.add(name: "Content-Length", value: String(length))
        case .chunked: result.add(name: "Transfer-Encoding", value: "chunked")
        }
        if let upgrade = checked.upgrade {
            result.add(name: "Connection", value: "Upgrade")
            result.add(name: "Upgrade", value: upgrade)
        }
        return result
    }

    /// What proxies before this one said, or somebody who poses as one.
    private struct Earlier {
        var forwarded: [String] = []
        var addresses: [String] = []
        var scheme: String?
        var host: String?
    }

    private func add(_ earlier: Earlier, _ peer: Peer, host: String, to result: inout HTTPHeaders) {
        let node = peer.address.contains(":") ? "\"[\(peer.address)]\"" : peer.address
        let element = "for=\(node);proto=\(scheme)" + (host.isEmpty ? "" : ";host=\"\(host)\"")
        let trusted = peer.isTrusted ? earlier : Earlier()
        result.add(name: "Forwarded", value: (trusted.forwarded + [element]).joined(separator: ", "))
        result.add(
            name: "X-Forwarded-For", value: (trusted.addresses + [peer.address]).joined(separator: ", "))
        result.add(name: "X-Forwarded-Proto", value: trusted.scheme ?? scheme)
        if !host.isEmpty { result.add(name: "X-Forwarded-Host", value: trusted.host ?? host) }
    }

    /// Names that `Connection` calls its own. It may not take away what others rely on.
    private static func nominated(_ headers: HTTPHeaders) -> Set<String> {
        var names: Set<String> = []
        for (name, value) in headers where HeaderKind(name) == .connection {
            for part in value.split(separator: ",") {
                let token = part.trimmingSpaces.lowercased()
                if !protected.contains(token) { names.insert(token) }
            }
        }
        return names
    }

    private static let protected: Set = [
        "close", "keep-alive", "upgrade", "authorization", "cookie", "content-type", "content-encoding",
        "cache-control", "accept", "origin",
    ]
}

extension ForwardedHeaders {
    /// How an answer's body is told from what comes behind it.
    enum Framing: Sendable, Equatable {
        case none
        case length
        case chunked
        /// To an HTTP/1.0 client whose answer has no known length.
        case untilClose
    }

    /// The client's headers, without those of the connection to the instance.
    static func response(
        _ head: HTTPResponseHead, to request: HTTPRequestHead, requestID: String, closes: Bool
    ) -> (HTTPHeaders, Framing) {
        var result = HTTPHeaders()
        result.reserveCapacity(head.headers.count + 3)
        let dropped = nominated(head.headers)
        var length: String?
        var isChunked = false
        var hasID = false
        for (name, value) in head.headers {
            switch HeaderKind(name) {
            case .connection, .keepAlive, .proxyConnection, .te, .trailer, .upgrade: continue
            case .transferEncoding: isChunked = true
            case .contentLength: length = value
            case .requestID:
                hasID = true
                result.add(name: name, value: value)
            default:
                if dropped.isEmpty || !dropped.contains(name.lowercased()) {
                    result.add(name: name, value: value)
                }
            }
        }
        if !hasID { result.add(name: "X-Request-Id", value: requestID) }
        let framing = framing(head, request, length: isChunked ? nil : length)
        // The length of what a GET would bring stays in answers without a body.
        let showsLength = framing == .length || framing == .none && head.status != .noContent
        if let length, !isChunked, showsLength { result.add(name: "Content-Length", value: length) }
        if framing == .chunked { result.add(name: "Transfer-Encoding", value: "chunked") }
        if closes || framing == .untilClose {
            result.add(name: "Connection", value: "close")
        } else if request.version.minor == 0 {
            result.add(name: "Connection", value: "keep-alive")
        }
        return (result, framing)
    }

    private static func framing(
        _ head: HTTPResponseHead, _ request: HTTPRequestHead, length: String?
    ) -> Framing {
        if request.method == .HEAD || head.status == .noContent || head.status == .notModified {
            return .none
        }
        if length != nil { return .length }
        return request.version.minor == 0 ? .untilClose : .chunked
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
