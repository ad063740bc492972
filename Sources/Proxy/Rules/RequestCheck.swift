private import Foundation
import NIOHTTP1

/// Why a request goes no further, as a problem document tells it.
struct Rejection: Error, Sendable, Equatable {
    let status: HTTPResponseStatus
    /// Stable, in snake case.
    let code: String
    let detail: String
    var retryAfterSeconds: Int?

    static func malformed(_ detail: String) -> Rejection {
        Rejection(status: .badRequest, code: "malformed_request", detail: detail)
    }

    static let headersTooLarge = Rejection(
        status: .requestHeaderFieldsTooLarge, code: "headers_too_large", detail: "The header is too large.")
    static let bodyTooLarge = Rejection(
        status: .payloadTooLarge, code: "payload_too_large", detail: "The request is too large.")
    static let notFound = Rejection(
        status: .notFound, code: "not_found", detail: "There is no such address, or it is not yours to see.")
    static let noInstance = Rejection(
        status: .serviceUnavailable, code: "no_instance", detail: "Nobody can answer this right now.",
        retryAfterSeconds: 1)
    static let overloaded = Rejection(
        status: .serviceUnavailable, code: "overloaded", detail: "The server is busy; try again soon.",
        retryAfterSeconds: 1)
    static let badGateway = Rejection(
        status: .badGateway, code: "bad_gateway",
        detail: "The answer was lost; it may or may not have happened.",
        retryAfterSeconds: 1)
    static let gatewayTimeout = Rejection(
        status: .gatewayTimeout, code: "gateway_timeout",
        detail: "There was no answer in time; it may or may not have happened.", retryAfterSeconds: 1)
    static let requestTimeout = Rejection(
        status: .requestTimeout, code: "request_timeout", detail: "The request did not arrive in time.")
}

/// A request as far as the gateway must understand it.
struct CheckedRequest: Sendable, Equatable {
    enum Body: Sendable, Equatable {
        case none
        case length(Int64)
        case chunked
    }

    /// Path and query, without scheme and authority.
    let target: String
    let host: String
    let body: Body
    /// An upgrade to a protocol that passes through.
    let upgrade: String?
    let expectsContinue: Bool
    /// The decoder reads nothing behind a request that asks for any upgrade, so the connection ends with it.
    let isLast: Bool
}

/// Decides whether two parsers could read a request differently, which is how requests are smuggled; and its bounds.
struct RequestCheck: Sendable {
    let maximumHeaderBytes: Int
    let maximumBodyBytes: Int64

    func check(_ head: HTTPRequestHead) throws(Rejection) -> CheckedRequest {
        let fields = try Fields(head.headers, maximumBytes: maximumHeaderBytes)
        guard head.method != .CONNECT else {
            throw Rejection(
                status: .methodNotAllowed, code: "method_not_allowed", detail: "CONNECT is not served here.")
        }
        guard fields.hosts.count == 1 || head.version.minor == 0 && fields.hosts.isEmpty else {
            throw .malformed("There must be one Host.")
        }
        let (target, authority) = try Self.target(head)
        let host = authority ?? fields.hosts.first ?? ""
        guard Self.isHost(host) || host.isEmpty else { throw .malformed("The Host is not valid.") }
        let asksForUpgrade = fields.wantsUpgrade && fields.upgrade != nil
        let body = try body(fields, head)
        let upgrade = asksForUpgrade && body == .none && head.method == .GET ? fields.upgrade : nil
        return CheckedRequest(
            target: target, host: host, body: body, upgrade: upgrade == "websocket" ? upgrade : nil,
            expectsContinue: fields.expectsContinue, isLast: asksForUpgrade || !head.isKeepAlive)
    }

    private func body(_ fields: Fields, _ head: HTTPRequestHead) throws(Rejection) -> CheckedRequest.Body {
        if let coding = fields.transferEncodings.first {
            guard fields.contentLengths.isEmpty else {
                throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
            }
            guard fields.transferEncodings.count == 1, coding.lowercased() == "chunked",
                head.version.minor > 0
            else { throw .malformed("The only Transfer-Encoding is chunked.") }
            return .chunked
        }
        guard let text = fields.contentLengths.first else { return .none }
        guard fields.contentLengths.count == 1, (1...18).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int64(text)
        else { throw .malformed("The Content-Length is not valid.") }
        guard length <= maximumBodyBytes else { throw .bodyTooLarge }
        return length == 0 ? .none : .length(length)
    }

    /// The path, and the authority if the target is absolute.
    private static func target(_ head: HTTPRequestHead) throws(Rejection) -> (String, String?) {
        var target = Substring(head.uri)
        var authority: String?
        if !target.hasPrefix("/") {
            if head.method == .OPTIONS, target == "*" { return ("*", nil) }
            guard let scheme = target.range(of: "://"),
                ["http", "https"].contains(target[..<scheme.lowerBound].lowercased())
            else { throw .malformed("The target is not valid.") }
            let rest = target[scheme.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            authority = String(rest[..<end])
            target = rest[end...]
            if !target.hasPrefix("/") { target = "/" + target }
        }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }), !hasDotSegment(target) else {
            throw .malformed("The path is not valid.")
        }
        return (String(target), authority)
    }

    /// Segments that a server behind might resolve would take a request past the rules of the routes.
    private static func hasDotSegment(_ target: Substring) -> Bool {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        guard path.utf8.contains(UInt8(ascii: ".")) || path.utf8.contains(UInt8(ascii: "%")) else {
            return false
        }
        return path.lowercased().replacing("%2e", with: ".").replacing("%2f", with: "/").replacing(
            "\\", with: "/"
        )
        .split(separator: "/").contains { $0 == "." || $0 == ".." }
    }

    private static func isHost(_ host: String) -> Bool {
        host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
    }
}

extension RequestCheck {
    /// The header fields that frame a message, found in one pass.
    fileprivate struct Fields {
        var hosts: [String] = []
        var contentLengths: [String] = []
        var transferEncodings: [String] = []
        var upgrade: String?
        var wantsUpgrade = false
        var expectsContinue = false

        init(_ headers: HTTPHeaders, maximumBytes: Int) throws(Rejection) {
            var bytes = 0
            for (name, value) in headers {
                bytes += name.utf8.count + value.utf8.count + 4
                // A line that was folded may have left its break in the value.
                guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                    throw .malformed("A header field has a forbidden character.")
                }
                switch HeaderKind(name) {
                case .host: hosts.append(value)
                case .contentLength: contentLengths.append(value)
                case .transferEncoding: transferEncodings.append(value)
                case .upgrade: upgrade = value.lowercased()
                case .connection:
                    wantsUpgrade = wantsUpgrade || value.lowercased().contains("upgrade")
                case .expect: expectsContinue = value.lowercased() == "100-continue"
                default: break
                }
            }
            guard bytes <= maximumBytes else { throw .headersTooLarge }
        }
    }
}
