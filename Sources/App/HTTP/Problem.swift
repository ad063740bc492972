import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import NIOHTTP1

/// Failures as RFC 9457 problem documents: the one table from the domain to HTTP.
enum Problem {
    static func status(of failure: Failure) -> HTTPResponse.Status {
        switch failure.code {
        case "unsupported_media_type": return .unsupportedMediaType
        case "invalid_range": return .rangeNotSatisfiable
        case "method_not_allowed": return .methodNotAllowed
        case "upgrade_required": return .upgradeRequired
        case "share_ended": return .gone
        default: break
        }
        return switch failure.kind {
        case .invalid: .badRequest
        case .unauthorised: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .limited: .tooManyRequests
        case .overloaded, .unavailable: .serviceUnavailable
        case .timeout: .gatewayTimeout
        case .cancelled: .serviceUnavailable
        case .internal: .internalServerError
        }
    }

    static func response(_ failure: Failure, requestID: String) -> Response {
        let status = status(of: failure)
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        if let seconds = retryAfterSeconds(failure) { headers[.retryAfter] = String(seconds) }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: json(failure, requestID: requestID)))
    }

    /// The document alone.
    static func json(_ failure: Failure, requestID: String) -> ByteBuffer {
        let status = status(of: failure)
        var json = JSONWriter()
        json.object { json in
            json.field("type", "/problems/\(failure.code)")
            json.field("title", status.reasonPhrase)
            json.field("status", status.code)
            json.field("detail", failure.detail)
            json.field("code", failure.code)
            json.field("requestId", requestID)
            if !failure.fields.isEmpty {
                json.array("errors", failure.fields) { json, field in
                    json.object { json in
                        json.field("field", field.field)
                        json.field("code", field.code)
                        json.field("detail", field.detail)
                    }
                }
            }
        }
        return json.buffer
    }

    /// Of failures that pass.
    static func retryAfterSeconds(_ failure: Failure) -> Int64? {
        switch failure.kind {
        case .limited, .overloaded, .unavailable, .cancelled:
            max(1, Int64((failure.retryAfter ?? .seconds(1)).inSeconds.rounded(.up)))
        default: nil
        }
    }

    /// The failure behind anything that a handler or the framework threw.
    static func failure(_ error: any Error) -> Failure {
        if error is HTTPParserError {
            return Failure(
                .invalid, "malformed_request", "The request is not well-formed HTTP.", cause: error)
        }
        guard let error = error as? any HTTPResponseError else { return .wrapping(error) }
        return switch error.status {
        case .notFound: .notFound("address")
        case .methodNotAllowed:
            Failure(.invalid, "method_not_allowed", "This address does not answer to this method.")
        case .contentTooLarge: Failure(.tooLarge, "payload_too_large", "The request is too large.")
        case let status where status.kind == .clientError:
            Failure(.invalid, "invalid_request", "The request is not valid.", cause: error)
        default: .wrapping(error)
        }
    }
}

extension Response {
    static func json(
        _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:],
        _ body: (inout JSONWriter) throws -> Void
    ) rethrows -> Response {
        var json = JSONWriter()
        try json.object(body)
        var headers = headers
        headers[.contentType] = "application/json"
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: json.buffer))
    }

    /// `{items, nextCursor}`.
    static func list<Item>(_ page: Page<Item>, _ body: (inout JSONWriter, Item) throws -> Void) rethrows
        -> Response
    {
        try json { json in
            try json.array("items", page.items) { json, item in try json.object { try body(&$0, item) } }
            if let next = page.next {
                json.field("nextCursor", next.description)
            } else {
                json.null("nextCursor")
            }
        }
    }

    static var noContent: Response { Response(status: .noContent) }
}
