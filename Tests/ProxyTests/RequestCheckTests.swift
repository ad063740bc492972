import NIOHTTP1
import Testing

@testable import Proxy

@Suite struct RequestCheckTests {
    private static let check = RequestCheck(maximumHeaderBytes: 1000, maximumBodyBytes: 5000)

    private func outcome(
        _ headers: [(String, String)], _ method: HTTPMethod = .POST, _ uri: String = "/", minor: Int = 1
    ) -> Result<CheckedRequest, Rejection> {
        let head = HTTPRequestHead(
            version: .init(major: 1, minor: minor), method: method, uri: uri, headers: HTTPHeaders(headers))
        return Result { () throws(Rejection) in try Self.check.check(head) }
    }

    private func status(_ outcome: Result<CheckedRequest, Rejection>) -> UInt {
        switch outcome {
        case .success: 200
        case .failure(let rejection): rejection.status.code
        }
    }

    @Test func `what two parsers could read differently is refused`() {
        let host = ("Host", "a")
        let refused: [[(String, String)]] = [
            [host, ("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
            [host, ("Content-Length", "5"), ("Content-Length", "5")],
            [host, ("Content-Length", "5, 5")], [host, ("Content-Length", "+5")],
            [host, ("Content-Length", "-5")],
            [host, ("Content-Length", "0x5")], [host, ("Content-Length", "")],
            [host, ("Content-Length", " 5")],
            [host, ("Content-Length", "99999999999999999999")],
            [host, ("Transfer-Encoding", "gzip")], [host, ("Transfer-Encoding", "chunked, gzip")],
            [host, ("Transfer-Encoding", "identity")], [host, ("Transfer-Encoding", "xchunked")],
            [host, ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
            [], [host, ("Host", "b")], [("Host", "a b")], [("Host", "a/b")], [("Host", "a@b")],
            [host, ("X", "a\r\n b")], [host, ("X", "a\nb")], [host, ("X", "a\0b")], [host, ("X", "a\rb")],
        ]
        for headers in refused { #expect(status(outcome(headers)) == 400, "\(headers)") }
        #expect(status(outcome([host, ("Transfer-Encoding", "chunked")], minor: 0)) == 400)
    }

    @Test func `bodies and headers have bounds`() {
        #expect(status(outcome([("Host", "a"), ("Content-Length", "5000")])) == 200)
        #expect(status(outcome([("Host", "a"), ("Content-Length", "5001")])) == 413)
        #expect(status(outcome([("Host", "a"), ("X", String(repeating: "x", count: 1000))])) == 431)
    }

    @Test(arguments: [
        "/../x", "/a/../b", "/a/./b", "/a/%2e%2E/b", "/a/.%2e", "/a%2f..%2fb", "/a\\..\\b", "x", "ftp://h/",
        "*",
        "/a\u{7f}",
    ])
    func `targets that lead elsewhere are refused`(_ target: String) {
        #expect(status(outcome([("Host", "a")], .GET, target)) == 400)
    }

    @Test func `an absolute target is brought to its path, and its authority is the host`() throws {
        let checked = try outcome([("Host", "other")], .GET, "http://example:80/a?b").get()
        #expect(checked.target == "/a?b" && checked.host == "example:80")
        #expect(try outcome([("Host", "a")], .GET, "http://example?b").get().target == "/?b")
        #expect(try outcome([("Host", "a")], .OPTIONS, "*").get().target == "*")
        #expect(try outcome([("Host", "a")], .GET, "/a/..b/c...d?../").get().target == "/a/..b/c...d?../")
        #expect(status(outcome([("Host", "a")], .CONNECT, "a:80")) == 405)
    }

    @Test func `only web sockets are passed through, and only without a body`() throws {
        let upgrade = [("Host", "a"), ("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket")]
        let passed = try outcome(upgrade, .GET).get()
        #expect(passed.upgrade == "websocket" && passed.isLast)
        let h2c = try outcome([("Host", "a"), ("Connection", "Upgrade"), ("Upgrade", "h2c")], .GET).get()
        #expect(h2c.upgrade == nil && h2c.isLast)
        #expect(try outcome(upgrade, .POST).get().upgrade == nil)
        #expect(try outcome([("Host", "a"), ("Upgrade", "websocket")], .GET).get().upgrade == nil)
    }

    @Test func `bodies are told by their framing`() throws {
        #expect(try outcome([("Host", "a")]).get().body == .none)
        #expect(try outcome([("Host", "a"), ("Content-Length", "0")]).get().body == .none)
        #expect(try outcome([("Host", "a"), ("Content-Length", "7")]).get().body == .length(7))
        #expect(try outcome([("Host", "a"), ("Transfer-Encoding", "Chunked")]).get().body == .chunked)
        #expect(try outcome([("Host", "a"), ("Expect", "100-Continue")]).get().expectsContinue)
        #expect(try outcome([("Host", "a"), ("Connection", "close")]).get().isLast)
        #expect(try outcome([], minor: 0).get().host == "")
    }
}
