import Kernel
import NIOCore
import ServiceLifecycle
import Testing

@testable import Proxy

/// What a client sees while instances fail.
@Suite(.serialized) struct ProxyFaultTests {
    private func code(_ answer: String) -> String {
        answer.split(separator: "\"code\":\"").dropFirst().first?.split(separator: "\"").first.map(
            String.init) ?? ""
    }

    @Test func `nobody to ask is 503, refused connections are 502, both with a time to come back`()
        async throws
    {
        let a = try await TestBackend.start("a")
        try await a.kill()
        try await GatewayStage.run([a], { $0.probe.interval = .zero }) { stage async throws in
            let refused = try await stage.get("/")
            #expect(
                refused.status == 502 && code(refused) == "bad_gateway" && refused.contains("Retry-After: 1"))
            stage.directory.set([])
            #expect(try await eventually { stage.proxy.instances.isEmpty })
            let nobody = try await stage.get("/")
            #expect(
                nobody.status == 503 && code(nobody) == "no_instance" && nobody.contains("Retry-After: 1"))
            #expect(nobody.contains("application/problem+json"))
        }
    }

    @Test func `a slow head is 504, and the instance is ejected when it goes on`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run(
            [a],
            {
                $0.times.responseHead = .seconds(2)
                $0.probe.interval = .zero
                $0.fleet.health.ejection = Backoff(first: .seconds(600), maximum: .seconds(600))
            }
        ) { stage async throws in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<3 { group.addTask { try await stage.get("/hang") } }
                for try await answer in group {
                    #expect(answer.status == 504 && code(answer) == "gateway_timeout")
                }
            }
            #expect(a.received.count == 3)
            #expect(stage.proxy.instances.first?.isEjected == true)
            // Where nobody else is left it is asked all the same.
            var last = 504
            // A pause of the machine may make one late again; refused is none.
            for _ in 0..<20 where last == 504 { last = try await stage.get("/").status }
            #expect(last == 200)
        }
    }

    @Test func `an answer that breaks off is not passed for whole`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a]) { stage async throws in
            let answer = try await stage.get("/half")
            #expect(answer.status == 200 && answer.body == "half" && answer.contains("Content-Length: 100"))
            #expect(stage.records.all.last?.isComplete == false)
            #expect(a.received.count == 1)
        }
    }

    @Test func `a cut request goes to another instance where that is safe, and nowhere else`() async throws {
        let (a, b) = (try await TestBackend.start("a"), try await TestBackend.start("b"))
        try await GatewayStage.run([a, b], { $0.probe.interval = .zero }) { stage async throws in
            func total() -> Int { a.received.count + b.received.count }
            func cut() { a.received.count <= b.received.count ? a.cutNext(1) : b.cutNext(1) }
            for (method, headers, body, tries) in [
                ("GET", "", "", 2), ("PUT", "", "small", 2), ("POST", "Idempotency-Key: k\r\n", "small", 2),
                ("POST", "", "small", 1), ("PATCH", "", "", 1),
            ] {
                a.cutNext(0)
                b.cutNext(0)
                let before = total()
                // Whoever is asked first cuts it.
                a.cutNext(1)
                b.cutNext(tries == 2 ? 0 : 1)
                var answer = try await stage.get("/", method: method, headers: headers, body: body)
                if tries == 2, total() - before == 1 {
                    // It was b's turn: again, now it is a's.
                    answer = try await stage.get("/", method: method, headers: headers, body: body)
                    #expect(total() - before == 3, "\(method)")
                } else {
                    #expect(total() - before == tries, "\(method)")
                }
                #expect(answer.status == (tries == 2 ? 200 : 502), "\(method)")
            }
        }
    }

    @Test func `killing one of two instances loses no request that may be repeated`() async throws {
        let (a, b) = (try await TestBackend.start("a"), try await TestBackend.start("b"))
        try await GatewayStage.run([a, b]) { stage async throws in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask { try await stage.get("/").status }
                    if number == 60 { try await a.kill() }
                    if number % 4 == 0 { try await Task.sleep(for: .milliseconds(2)) }
                }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await eventually { stage.proxy.instances.first?.isEjected == true })
        }
    }

    @Test func `a failing probe ejects, and a good one returns`() async throws {
        let (a, b) = (try await TestBackend.start("a"), try await TestBackend.start("b"))
        try await GatewayStage.run(
            [a, b],
            { $0.fleet.health.ejection = Backoff(first: .milliseconds(100), maximum: .milliseconds(100)) }
        ) { stage async throws in
            a.isReady = false
            #expect(try await eventually { stage.events.all.contains(.fleet(role: "api", .ejected("a"))) })
            for _ in 0..<6 { #expect(try await stage.get("/").body == "b") }
            a.isReady = true
            #expect(try await eventually { stage.events.all.contains(.fleet(role: "api", .returned("a"))) })
        }
    }

    @Test func `a draining instance gets no new request and finishes what it has`() async throws {
        let (a, b) = (try await TestBackend.start("a"), try await TestBackend.start("b"))
        try await GatewayStage.run([a, b]) { stage async throws in
            a.isHolding = true
            b.isHolding = true
            async let first = stage.get("/")
            async let second = stage.get("/")
            #expect(try await eventually { a.received.count == 1 && b.received.count == 1 })
            stage.directory.set([a.instance(.draining), b.instance])
            b.isHolding = false
            #expect(try await eventually { stage.proxy.instances.first?.instance.state == .draining })
            for _ in 0..<6 { #expect(try await stage.get("/").body == "b") }
            a.release()
            b.release()
            #expect(Set([try await first.body, try await second.body]) == ["a", "b"])
            #expect(a.received.count == 1)
        }
    }

    @Test func `a gateway that ends finishes what is in flight and closes what is idle`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run(
            [a],
            {
                $0.times.idleGrace = .milliseconds(200)
                $0.times.drain = .seconds(60)
            }
        ) { stage async throws in
            let idle = try await RawConnection(port: stage.port)
            try await idle.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
            _ = try await idle.read(until: "\r\n\r\na")
            a.isHolding = true
            let busy = try await RawConnection(port: stage.port)
            try await busy.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await eventually { a.received.count == 2 })
            await stage.group.triggerGracefulShutdown()
            #expect(try await eventually { idle.isClosed })
            #expect(!busy.isClosed)
            a.release()
            let answer = try await busy.readToEnd()
            #expect(
                answer.status == 200 && answer.body == "a"
                    && answer.lowercased().contains("connection: close"))
            #expect(stage.proxy.isDraining)
        }
    }

    @Test func `the drain deadline cuts what does not end`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run([a], { $0.times.drain = .milliseconds(300) }) { stage async throws in
            let client = try await RawConnection(port: stage.port)
            try await client.send("GET /hang HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await eventually { a.received.count == 1 })
            let start = ContinuousClock.now
            await stage.group.triggerGracefulShutdown()
            _ = try await client.readToEnd()
            #expect(client.isClosed && ContinuousClock.now - start < .seconds(20))
        }
    }

    @Test func `slow clients are not waited for without end`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run(
            [a],
            {
                $0.times.requestHead = .milliseconds(200)
                $0.times.idle = .milliseconds(300)
            }
        ) { stage async throws in
            let head = try await RawConnection(port: stage.port)
            try await head.send("GET / HTTP/1.1\r\nHo")
            #expect(try await head.readToEnd().status == 408)
            let body = try await RawConnection(port: stage.port)
            try await body.send("PUT /count HTTP/1.1\r\nHost: s\r\nContent-Length: 10\r\n\r\n123")
            #expect(try await body.read(until: "request_timeout").status == 408)
        }
        try await GatewayStage.run([a], { $0.times.keepAlive = .milliseconds(400) }) { stage async throws in
            let idle = try await RawConnection(port: stage.port)
            try await idle.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
            #expect(try await idle.readToEnd().status == 200)
            #expect(idle.isClosed)
        }
    }

    @Test func `connections of clients and to instances are bounded`() async throws {
        let a = try await TestBackend.start("a")
        try await GatewayStage.run(
            [a],
            {
                $0.limits.clients = 6
                $0.limits.connectionsPerInstance = 1
                $0.limits.waitingPerInstance = 2
                $0.times.connection = .seconds(60)
                $0.times.responseHead = .seconds(60)
                $0.probe.interval = .zero
            }
        ) { stage async throws in
            a.isHolding = true
            // One is asked, two wait, the others are told at once.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 { group.addTask { try await stage.get("/").status } }
                var statuses: [Int] = []
                for try await status in group {
                    statuses.append(status)
                    guard statuses.count == 2 else { continue }
                    #expect(statuses == [503, 503])
                    #expect(try await eventually { a.received.count == 1 })
                    a.isHolding = false
                    a.release()
                }
                return statuses
            }
            #expect(statuses == [503, 503, 200, 200, 200])
            #expect(a.connections == 1)
        }
    }
}
