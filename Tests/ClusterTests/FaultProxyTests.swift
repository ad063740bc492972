import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

@Suite struct FaultScheduleTests {
    @Test func `latency moves each chunk by the same time`() {
        var schedule = FaultSchedule()
        let fault = Fault(latency: .milliseconds(20))
        let times = [0, 5, 10].map { schedule.arrival(of: 100, at: Self.time($0), fault, roll: 0.7) }
        #expect(times == [20, 25, 30].map(Self.time))
    }

    @Test func `jitter never changes the order`() {
        var schedule = FaultSchedule()
        let fault = Fault(latency: .milliseconds(20), jitter: .milliseconds(15))
        let times = [1.0, -1, 0, -1].enumerated().map { offset, roll in
            schedule.arrival(of: 1, at: Self.time(offset), fault, roll: roll)
        }
        #expect(times == [35, 35, 35, 35].map(Self.time))
        let last = schedule.arrival(of: 1, at: Self.time(100), fault, roll: -1)
        #expect(last == Self.time(105))
    }

    @Test func `a narrow line makes chunks queue`() {
        var schedule = FaultSchedule()
        let fault = Fault(bytesPerSecond: 1000)
        let times = [0, 0, 0, 900].map { schedule.arrival(of: 100, at: Self.time($0), fault, roll: 0) }
        #expect(times == [100, 200, 300, 1000].map(Self.time))
    }

    @Test func `more jitter than latency does not reach into the past`() {
        var schedule = FaultSchedule()
        let fault = Fault(latency: .milliseconds(5), jitter: .milliseconds(50))
        let time = schedule.arrival(of: 1, at: Self.time(7), fault, roll: -1)
        #expect(time == Self.time(7))
    }

    private static func time(_ milliseconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(1_000_000 * (1000 + milliseconds)))
    }
}

@Suite struct FaultProxyTests {
    @Test func `without faults all bytes pass, in order, and are counted`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            #expect(try await client.exchange(bytes) == bytes)
            let counts = try await proxy.counts
            #expect(counts.bytesToServer == bytes.count)
            #expect(counts.bytesToClient == bytes.count)
            #expect(counts.accepted == 1)
            #expect(counts.open == 1)
            try await client.close()
            try await until { try await proxy.counts.open == 0 }
        }
    }

    @Test func `the end of what a client says passes, and answers still come`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            try await proxy.set(.init(latency: .milliseconds(50)))
            try await client.send([1, 2, 3])
            try await client.finish()
            #expect(try await client.receive(3) == [1, 2, 3])
            try await client.waitForEnd()
        }
    }

    @Test func `latency is felt in the directions it was given to`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            #expect(try await client.exchange([1]) == [1])
            try await proxy.set(.init(latency: .milliseconds(80)), [.toServer])
            let one = try await client.timeOfExchange([2])
            #expect(one >= .milliseconds(80))
            try await proxy.set(.init(latency: .milliseconds(80)), [.toClient])
            let both = try await client.timeOfExchange([3])
            #expect(both >= .milliseconds(160))
        }
    }

    @Test func `a narrow line takes its time`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            try await proxy.set(.init(bytesPerSecond: 100_000), [.toServer])
            let bytes = [UInt8](repeating: 5, count: 20_000)
            let time = try await client.timeOfExchange(bytes)
            #expect(time >= .milliseconds(190))
        }
    }

    @Test func `a cut resets what is open and what comes, until it is healed`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            #expect(try await client.exchange([1]) == [1])
            try await proxy.cut()
            await #expect(throws: (any Error).self) { try await client.waitForEnd() }
            await #expect(throws: (any Error).self) { try await EchoClient.connect(proxy.port).exchange([1]) }
            try await proxy.heal()
            #expect(try await EchoClient.connect(proxy.port).exchange([4]) == [4])
            #expect(try await proxy.counts.refused == 1)
        }
    }

    @Test func `connections can be reset without keeping new ones out`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            #expect(try await client.exchange([1]) == [1])
            try await proxy.resetConnections()
            await #expect(throws: (any Error).self) { try await client.waitForEnd() }
            #expect(try await EchoClient.connect(proxy.port).exchange([2]) == [2])
        }
    }

    @Test func `a black hole takes everything and gives it out when healed`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            #expect(try await client.exchange([1]) == [1])
            try await proxy.set(.blackhole)
            let late = try await EchoClient.connect(proxy.port)
            try await client.send([2])
            try await late.send([3])
            try await Task.sleep(for: .milliseconds(150))
            #expect(try await client.received == 1)
            #expect(try await late.received == 0)
            #expect(try await proxy.counts.bytesToServer == 1)
            try await proxy.heal()
            #expect(try await client.receive(1) == [2])
            #expect(try await late.receive(1) == [3])
        }
    }

    @Test func `when only answers are stalled, what is said still arrives`() async throws {
        try await withEcho { proxy in
            let client = try await EchoClient.connect(proxy.port)
            try await proxy.set(.blackhole, [.toClient])
            try await client.send([9])
            try await until { try await proxy.counts.bytesToServer == 1 }
            #expect(try await client.received == 0)
            try await proxy.heal()
            #expect(try await client.receive(1) == [9])
        }
    }

    @Test func `a server that is not there looks like a reset`() async throws {
        let proxy = try await FaultProxy.start(to: 1)
        await #expect(throws: (any Error).self) { try await EchoClient.connect(proxy.port).exchange([1]) }
        #expect(try await proxy.counts.refused == 1)
        try await proxy.stop()
    }

    @Test func `another server can be put behind the same port`() async throws {
        let echo = try await Echo.start()
        let proxy = try await FaultProxy.start(to: 1)
        try await proxy.retarget(to: echo.port)
        #expect(try await EchoClient.connect(proxy.port).exchange([1]) == [1])
        try await proxy.stop()
        try await echo.stop()
    }

    private func withEcho(_ body: (FaultProxy) async throws -> Void) async throws {
        let echo = try await Echo.start()
        let proxy = try await FaultProxy.start(to: echo.port)
        try await body(proxy)
        try await proxy.stop()
        try await echo.stop()
    }

    private func until(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while try await !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
