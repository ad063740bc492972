import NIOHTTP1
import Testing

@testable import Proxy

@Suite struct RuleTests {
    private static let table = RouteTable([
        RouteRule("page", to: "web"),
        RouteRule("api", prefix: "/v1/", to: "api"),
        RouteRule("chat", prefix: "/v1/chat", to: "chat"),
        RouteRule("sockets", prefix: "/v1", headers: [.init("Upgrade", "websocket")], to: "chat"),
        RouteRule("canary", prefix: "/v1", headers: [.init("X-Canary")], to: "canary"),
    ])

    @Test(arguments: [
        ("/", [:], "page"), ("/index.html", [:], "page"), ("/v1", [:], "api"),
        ("/v1/videos?x=/v1/chat", [:], "api"),
        ("/v1/chat", [:], "chat"), ("/v1/chat/7?x", [:], "chat"), ("/v1/chatter", [:], "api"),
        ("/v10", [:], "page"),
        ("/v1/videos", ["upgrade": "WebSocket"], "sockets"), ("/v1/videos", ["X-Canary": "1"], "canary"),
        ("/v1/chat/7", ["X-Canary": "1"], "chat"),
    ])
    func `the longest prefix of whole segments wins, then the most conditions`(
        _ target: String, _ headers: [String: String], _ expected: String
    ) {
        let rule = Self.table.rule(target: target, headers: HTTPHeaders(headers.map { ($0.key, $0.value) }))
        #expect(rule?.name == expected)
    }

    @Test func `what no rule takes has none`() {
        #expect(
            RouteTable([RouteRule("a", prefix: "/v1", to: "api")]).rule(target: "/x", headers: [:]) == nil)
    }

    @Test func `a request is sent again only where it cannot happen twice`() {
        let rule = RetryRule(maximumAttempts: 3)
        func attempt(
            _ method: HTTPMethod, _ cause: FailedAttempt.Cause,
            _ change: (inout FailedAttempt) -> Void = { _ in }
        )
            -> Bool
        {
            var attempt = FailedAttempt(cause: cause, method: method)
            attempt.isWhole = true
            change(&attempt)
            return rule.allows(attempt)
        }
        #expect(attempt(.POST, .notConnected))
        #expect(attempt(.GET, .cut))
        #expect(!attempt(.POST, .cut))
        #expect(!attempt(.PATCH, .cut))
        #expect(attempt(.POST, .cut) { $0.hasIdempotencyKey = true })
        #expect(!attempt(.GET, .late))
        #expect(!attempt(.GET, .cut) { $0.hasAnswerBegun = true })
        #expect(!attempt(.GET, .notConnected) { $0.number = 3 })
        // A body of which nothing was sent, and one of which all that was sent is still here.
        #expect(attempt(.POST, .cut) { ($0.hasBody, $0.isWhole) = (true, false) })
        #expect(!attempt(.POST, .cut) { ($0.hasBody, $0.isWhole, $0.sentBytes) = (true, false, 1) })
        #expect(attempt(.PUT, .cut) { ($0.hasBody, $0.sentBytes, $0.isKept) = (true, 9, true) })
        #expect(!attempt(.PUT, .cut) { ($0.hasBody, $0.sentBytes, $0.isKept) = (true, 9, false) })
        #expect(!attempt(.POST, .cut) { ($0.hasBody, $0.sentBytes, $0.isKept) = (true, 9, true) })
    }
}
