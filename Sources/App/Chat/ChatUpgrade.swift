import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Sockets
import Telemetry

/// Whether a request becomes a live connection of the chat.
struct ChatUpgrade: Sendable {
    enum Decision: Sendable {
        case accept(HTTPHeaders, token: String?)
        case refuse(HTTPResponseHead, ByteBuffer)
    }

    static let path = "/v1/chat"

    let hub: SocketHub
    /// Origins whose pages may connect, beside that which the request itself is for.
    let origins: Set<String>
    let maximumConnections: Int
    let checkCaller: (@Sendable (_ serviceToken: String?) async throws -> Void)?
    let clientAddress: ClientAddress
    let metrics: MetricRegistry
    let logger: Logger

    static func isAsked(by head: HTTPRequestHead) -> Bool {
        head.method == .GET && head.uri.prefix { $0 != "?" } == path
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    func decide(_ head: HTTPRequestHead, peer: String) async -> Decision {
        let requestID = UUIDv7().description
        let fields = HTTPFields(head.headers, splitCookie: false)
        let decision: Decision
        do {
            try await checkCaller?(fields[.serviceToken])
            let accept = try check(fields, host: head.headers.first(name: "Host"))
            decision = .accept(
                [
                    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept,
                    "X-Request-Id": requestID,
                ], token: Self.token(fields))
        } catch {
            decision = Self.refusal(Problem.failure(error), requestID)
        }
        record(decision, requestID, clientAddress.resolve(peer: peer, fields))
        return decision
    }

    /// What proves to the client that a WebSocket server has read its key (RFC 6455, 4.2.2).
    private func check(_ fields: HTTPFields, host: String?) throws -> String {
        guard fields[.secWebSocketVersion] == "13" else {
            throw Failure(.invalid, "upgrade_required", "Please speak version 13 of WebSocket.")
        }
        guard let key = fields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16 else {
            throw Failure(.invalid, "malformed_request", "Sec-WebSocket-Key is not 16 bytes in Base64.")
        }
        if let origin = fields[.origin] {
            // Which host the request is for, a page of another origin cannot choose.
            let isOwn = origin.split(separator: "/").last.map(String.init) == host
            guard isOwn || origins.contains(origin) else {
                throw Failure(.forbidden, "forbidden", "Pages of this origin may not connect.")
            }
        }
        guard !hub.isDraining, hub.meter.reading.connections < maximumConnections else {
            throw Failure(.overloaded, "overloaded", "No more connections are taken here; try again soon.")
        }
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }

    private static func token(_ fields: HTTPFields) -> String? {
        guard let header = fields[.authorization], header.lowercased().hasPrefix("bearer ") else {
            return nil
        }
        return String(header.dropFirst(7))
    }

    private static func refusal(_ failure: Failure, _ requestID: String) -> Decision {
        let problem = Problem.json(failure, requestID: requestID)
        let status = Problem.status(of: failure)
        var headers: HTTPHeaders = [
            "Content-Type": "application/problem+json", "Content-Length": "\(problem.readableBytes)",
            "Connection": "close", "X-Request-Id": requestID, "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        ]
        if status == .upgradeRequired { headers.add(name: "Sec-WebSocket-Version", value: "13") }
        if let seconds = Problem.retryAfterSeconds(failure) {
            headers.add(name: "Retry-After", value: "\(seconds)")
        }
        return .refuse(
            HTTPResponseHead(version: .http1_1, status: .init(statusCode: status.code), headers: headers),
            problem)
    }

    private func record(_ decision: Decision, _ requestID: String, _ client: String) {
        let status =
            switch decision {
            case .accept: 101
            case .refuse(let head, _): Int(head.status.code)
            }
        metrics.add(
            to: "http_requests_total", help: "Requests by route and status.",
            labels: ["method": "GET", "route": Self.path, "status": "\(status)"])
        logger.info(
            "request",
            metadata: [
                "method": "GET", "route": "\(Self.path)", "status": "\(status)", "requestId": "\(requestID)",
                "client": "\(client)",
            ])
    }
}
