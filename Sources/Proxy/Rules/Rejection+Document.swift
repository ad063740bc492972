import Kernel
import NIOCore
import NIOHTTP1

extension Rejection {
    /// An RFC 9457 problem document, of the same form as the application's own.
    func document(requestID: String, closes: Bool) -> (HTTPResponseHead, ByteBuffer) {
        var json = JSONWriter()
        json.object { json in
            json.field("type", "/problems/\(code)")
            json.field("title", status.reasonPhrase)
            json.field("status", status.code)
            json.field("detail", detail)
            json.field("code", code)
            json.field("requestId", requestID)
        }
        var headers: HTTPHeaders = [
            "Content-Type": "application/problem+json", "Cache-Control": "no-store",
            "Content-Length": String(json.buffer.readableBytes), "X-Request-Id": requestID,
        ]
        if let retryAfterSeconds { headers.add(name: "Retry-After", value: String(retryAfterSeconds)) }
        if closes { headers.add(name: "Connection", value: "close") }
        return (HTTPResponseHead(version: .http1_1, status: status, headers: headers), json.buffer)
    }
}
