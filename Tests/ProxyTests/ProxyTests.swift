import Foundation
import Kernel
import NIOCore
import NIOHTTP1
import Testing

@testable import Proxy

/// The gateway between raw connections and instances in this process.
@Suite(.serialized) struct ProxyTests {
    @Test func `requests are shared out, connections to instances reused`() async throws {
        let (a, b) = (try await TestBackend.start("a"), try await TestBackend.start("b"))
        try await GatewayStage.run([a, b], { $0.probe.interval = .zero }) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            var names: [String] = []
            for _ in 0..<10 {
                try await client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n")
                names.append(String(try await client.read(until: "\r\n\r\n").suffix(1)))
            }
            await client.close()
            #expect(names.count { $0 == "a" } == 5 && names.count { $0 == "b" } == 5)
            #expect(a.connections == 1 && b.connections == 1)
            let head = try #require(a.received.first?.head)
            #expect(head.headers["X-Forwarded-For"] == ["127.0.0.1"] && head.headers["Host"] == ["site"])
            #expect(
                stage.records.all.count == 10
                    && stage.records.all.allSatisfy { $0.status == 200 && $0.route == "all" })
        }
    }

    @Test func `requests sent ahead are answered in order`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            var text = ""
            for number in 1...20 {
                text +=
                    "POST /count HTTP/1.1\r\nHost: s\r\nContent-Length: \(number)\r\n\r\n"
                    + String(repeating: "x", count: number)
            }
            try await client.send(text + "GET /last HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
            let answers = try await client.readToEnd()
            let bodies = answers.components(separatedBy: "HTTP/1.1 200 OK").dropFirst().map(\.body)
            #expect(bodies == (1...20).map { "\($0)" } + ["a"])
        }
    }

    @Test func `what could smuggle a request is refused, and the connection ends`() async throws {
        let a = try await TestBackend.start("a")
        let attacks = [
            "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
            "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: +4\r\n\r\nabcd",
            "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 4, 4\r\n\r\nabcd",
            "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: s\r\nX-Folded: a\r\n b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: s\r\nX: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: s\r\nHost: t\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET /a/../b HTTP/1.1\r\nHost: s\r\n\r\n",
            "NONSENSE\r\n\r\n",
        ]
        try await GatewayStage.run([a]) { stage async throws in
            for attack in attacks {
                let client = try await RawConnection(port: stage.port)
                try await client.send(attack + "GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n")
                let answer = try await client.readToEnd()
                #expect(answer.status == 400, "\(attack) -> \(answer)")
                #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(attack) -> \(answer)")
                await client.close()
            }
            #expect(a.received.isEmpty)
        }
    }

    @Test func `headers and bodies beyond the bounds are refused`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a], { $0.limits.bodyBytes = 1000 }) { stage async throws in
            let large = try await stage.get("/", headers: "X: \(String(repeating: "x", count: 40_000))\r\n")
            #expect(large.status == 431)
            let many = try await stage.get("/", headers: (0..<200).map { "X-\($0): 1\r\n" }.joined())
            #expect(many.status == 431)
            #expect(try await stage.get("/", headers: "Content-Length: 1001\r\n").status == 413)
            let chunked = try await stage.get(
                "/", method: "POST",
                headers:
                    "Transfer-Encoding: chunked\r\n\r\n1000\r\n\(String(repeating: "x", count: 4096))\r\n0\r\n"
            )
            #expect(chunked.status == 413)
            #expect(a.received.isEmpty)
        }
    }

    @Test func `bodies stream both ways, and a reader who stops stops the writer`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.setReading(false)
            try await client.send("GET /large HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
            try await Task.sleep(for: .milliseconds(300))
            #expect(stage.records.all.isEmpty)
            try await client.setReading(true)
            _ = try await eventually { client.isClosed }
            #expect(client.count > 32 << 20)
            await client.close()
            let upload = try await RawConnection(port: stage.port)
            try await upload.send(
                "PUT /count HTTP/1.1\r\nHost: s\r\nContent-Length: \(64 << 20)\r\nConnection: close\r\n\r\n")
            let part = ByteBuffer(repeating: 1, count: 1 << 20)
            for _ in 0..<64 { try await upload.send(part) }
            #expect(try await upload.readToEnd().body == "\(64 << 20)")
            #expect(stage.records.all.last?.bytesReceived == 64 << 20)
        }
    }

    @Test func `events pass one by one`() async throws {
        let a = try await TestBackend.start("a")
        a.isHolding = true
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("GET /events HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await eventually { a.received.count == 1 })
            for number in [3, 2, 1] {
                // The one before has come whole, and this one is still to be sent.
                a.release()
                let text = try await client.read(until: "data: \(number)\n\n")
                #expect(text.contains("data: \(number)") && !text.contains("data: \(number - 1)"))
            }
            await client.close()
        }
    }

    @Test func `a web socket is a tunnel, from the first byte behind the head`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send(
                "GET /socket HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
            var text = try await client.read(until: "hello")
            #expect(text.status == 101)
            // It may have come together with that.
            if !text.contains("early") { text += try await client.read(until: "early") }
            #expect(text.contains("early"))
            try await client.send(ByteBuffer(repeating: 0, count: 1 << 20))
            #expect(try await eventually { client.count >= 1 << 20 })
            #expect(stage.proxy.instances.first?.inFlight == 1)
            await client.close()
            #expect(
                try await eventually { stage.records.all.last?.status == 101 && stage.proxy.clientCount == 0 }
            )
            #expect(stage.proxy.instances.first?.inFlight == 0)
        }
    }

    @Test func `an upgrade that the instance declines is an answer like any other`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send(
                "GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            #expect(try await client.readToEnd().body == "a")
        }
    }

    @Test func `a client that waits for leave to send its body gets it`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send(
                "PUT /count HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
            )
            #expect(try await client.read(until: "\r\n\r\n").status == 100)
            try await client.send("12345")
            #expect(try await client.readToEnd().body == "5")
        }
    }

    @Test func `HEAD, old clients and answers that end with their connection are framed right`() async throws
    {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("GET /close HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await client.read(until: "0\r\n\r\n").hasSuffix("3\r\nbye\r\n0\r\n\r\n"))
            try await client.send("GET /events HTTP/1.0\r\n\r\n")
            let old = try await client.readToEnd()
            #expect(old.hasSuffix("data: 1\n\n") && !old.lowercased().contains("chunked"))
        }
    }

    @Test func `an answer before the end of the request reaches the client, and the connection ends`()
        async throws
    {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("PUT /early HTTP/1.1\r\nHost: s\r\nContent-Length: 1000000\r\n\r\nxxx")
            let answer = try await client.read(until: "no")
            #expect(answer.status == 413 && answer.lowercased().contains("connection: close"))
            _ = try await client.readToEnd()
            #expect(client.isClosed)
        }
    }

    @Test func `a client that leaves takes its request with it`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a], { $0.probe.interval = .zero }) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("GET /hang HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await eventually { a.received.count == 1 })
            await client.close()
            #expect(try await eventually { a.gone == 1 })
            #expect(
                try await eventually {
                    stage.records.all.last?.status == 499 && stage.proxy.instances.first?.inFlight == 0
                })
        }
    }
}
