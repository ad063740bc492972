import NIOHTTP1
import Testing

@testable import Proxy

@Suite struct ForwardedHeadersTests {
    private func request(
        _ headers: [(String, String)], _ method: HTTPMethod = .GET, peer: String = "10.0.0.9",
        isTrusted: Bool = false
    ) throws -> HTTPHeaders {
        let headers = HTTPHeaders([("Host", "site:8080")] + headers)
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: "/", headers: headers)
        let checked = try RequestCheck(maximumHeaderBytes: 10_000, maximumBodyBytes: 1000).check(head)
        return ForwardedHeaders(scheme: "https").request(
            headers, checked, from: .init(address: peer, isTrusted: isTrusted), ids: RequestIDs(headers))
    }

    @Test
    func `fields about one connection do not pass, nor those it names, but for those that others rely on`()
        throws
    {
        let result = try request([
            ("Connection", "close, X-Mine, Authorization"), ("Keep-Alive", "5"), ("Proxy-Connection", "x"),
            ("TE", "trailers"), ("Trailer", "X"), ("X-Mine", "1"), ("Authorization", "Bearer t"),
            ("X-Other", "2"),
            ("Expect", "100-continue"), ("Upgrade", "h2c"),
        ])
        for name in [
            "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "X-Mine", "Expect", "Upgrade",
        ] {
            #expect(!result.contains(name: name), "\(name)")
        }
        #expect(result.first(name: "Authorization") == "Bearer t" && result.first(name: "X-Other") == "2")
    }

    @Test func `what a client claims about its way is replaced by what is seen`() throws {
        let spoofed = [
            ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "evil"),
            ("Forwarded", "for=6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("x-forwarded-port", "1"),
        ]
        let result = try request(spoofed)
        #expect(result["X-Forwarded-For"] == ["10.0.0.9"])
        #expect(result["X-Forwarded-Proto"] == ["https"])
        #expect(result["X-Forwarded-Host"] == ["site:8080"])
        #expect(result["Forwarded"] == [#"for=10.0.0.9;proto=https;host="site:8080""#])
        #expect(!result.contains(name: "X-Real-IP") && !result.contains(name: "X-Forwarded-Port"))
        let six = try request([], peer: "2001:db8::1")
        #expect(six.first(name: "Forwarded")?.hasPrefix(#"for="[2001:db8::1]""#) == true)
    }

    @Test func `a proxy of ours is believed, and added to`() throws {
        let result = try request(
            [
                ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "public"), ("Forwarded", "for=1.2.3.4"),
            ],
            isTrusted: true)
        #expect(result["X-Forwarded-For"] == ["1.2.3.4, 10.0.0.9"])
        #expect(result["X-Forwarded-Host"] == ["public"])
        #expect(result.first(name: "Forwarded")?.hasPrefix("for=1.2.3.4, for=10.0.0.9;") == true)
    }

    @Test func `ids are kept where they are well-formed and made where they are not`() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let kept = try request([("X-Request-Id", "abc-1"), ("traceparent", trace)])
        #expect(kept["X-Request-Id"] == ["abc-1"] && kept["traceparent"] == [trace])
        for bad in ["", "a b", String(repeating: "x", count: 129), "\"; drop"] {
            let made = try request([("X-Request-Id", bad), ("traceparent", bad)])
            #expect(made["X-Request-Id"].count == 1 && made.first(name: "X-Request-Id") != bad)
            #expect(made.first(name: "traceparent")?.utf8.count == 55)
        }
        let zero = try request([
            ("traceparent", "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01")
        ])
        #expect(zero.first(name: "traceparent")?.contains("00000000000000000000") == false)
    }

    @Test func `a body keeps its framing, an upgrade its request`() throws {
        #expect(try request([("Content-Length", "7")], .PUT)["Content-Length"] == ["7"])
        #expect(try request([("Transfer-Encoding", "chunked")], .PUT)["Transfer-Encoding"] == ["chunked"])
        let upgrade = try request([
            ("Connection", "upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "k"),
        ])
        #expect(upgrade["Connection"] == ["Upgrade"] && upgrade["Upgrade"] == ["websocket"])
        #expect(upgrade["Sec-WebSocket-Key"] == ["k"])
    }

    private func response(
        _ status: HTTPResponseStatus, _ headers: [(String, String)], to method: HTTPMethod = .GET,
        minor: Int = 1,
        closes: Bool = false
    ) -> (HTTPHeaders, ForwardedHeaders.Framing) {
        ForwardedHeaders.response(
            HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(headers)),
            to: HTTPRequestHead(version: .init(major: 1, minor: minor), method: method, uri: "/"),
            requestID: "r",
            closes: closes)
    }

    @Test func `answers are framed anew for the client`() {
        let length = response(.ok, [("Content-Length", "3"), ("Connection", "close"), ("Keep-Alive", "x")])
        #expect(
            length.1 == .length && length.0["Content-Length"] == ["3"]
                && !length.0.contains(name: "Connection"))
        #expect(response(.ok, [("Transfer-Encoding", "chunked")]).1 == .chunked)
        let both = response(.ok, [("Transfer-Encoding", "chunked"), ("Content-Length", "3")])
        #expect(both.1 == .chunked && !both.0.contains(name: "Content-Length"))
        #expect(response(.ok, []).0["Transfer-Encoding"] == ["chunked"])
        let old = response(.ok, [("Transfer-Encoding", "chunked")], minor: 0)
        #expect(
            old.1 == .untilClose && old.0["Connection"] == ["close"]
                && !old.0.contains(name: "Transfer-Encoding"))
        let head = response(.ok, [("Content-Length", "99")], to: .HEAD)
        #expect(head.1 == .none && head.0["Content-Length"] == ["99"])
        let chunkedHead = response(.ok, [("Transfer-Encoding", "chunked")], to: .HEAD)
        #expect(chunkedHead.1 == .none && !chunkedHead.0.contains(name: "Transfer-Encoding"))
        #expect(response(.noContent, []).1 == .none && response(.notModified, []).1 == .none)
        #expect(response(.ok, [], closes: true).0["Connection"] == ["close"])
        #expect(response(.ok, []).0["X-Request-Id"] == ["r"])
        #expect(response(.ok, [("x-request-id", "own")]).0["X-Request-Id"] == ["own"])
    }
}
