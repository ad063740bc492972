import Testing

@testable import Postgres

@Suite struct RoutingReadTests {
    private func read(
        _ stage: RoutingStage, _ position: UInt64? = 1000, horizon: UInt64 = 0, readsPrimary: Bool = false
    ) -> RoutingRead {
        let session = position.map { RoutingRead.Session(position: $0, horizon: horizon) }
        return RoutingRead(
            session, readsPrimary: readsPrimary, settings: stage.routing.settings, now: stage.now)
    }

    private func ask(_ read: inout RoutingRead, _ stage: inout RoutingStage) -> (
        server: Int, atLeast: UInt64?
    )? {
        guard case .ask(let server, let atLeast) = read.next(&stage.routing, now: stage.now) else {
            return nil
        }
        return (server, atLeast)
    }

    private func answer(
        _ read: inout RoutingRead, _ stage: inout RoutingStage, from server: Int, _ mark: ReplicaMark
    ) -> RoutingRead.Session? {
        read.answered(server, mark, &stage.routing, askedAt: stage.now, now: stage.now)
    }

    private func fail(
        _ read: inout RoutingRead, _ stage: inout RoutingStage, on server: Int, _ fault: RoutingRead.Fault
    ) -> Bool {
        read.failed(server, fault, &stage.routing, askedAt: stage.now, now: stage.now)
    }

    @Test func `a replica's answer advances the session to all that it may have shown`() throws {
        var stage = RoutingStage()
        var read = read(stage, 900)
        let (server, atLeast) = try #require(ask(&read, &stage))
        #expect(server != 0 && atLeast == 1000)
        let mark = ReplicaMark(
            isReplica: true, position: 1010, received: 1030, snapshot: ReplicaSnapshot(end: 77))
        let known = answer(&read, &stage, from: server, mark)
        #expect(known == RoutingRead.Session(position: 1030, horizon: 77))
        #expect(read.reason == nil)
    }

    @Test func `of a session, the staleness allowed or what it has seen is asked for, whichever is more`()
        throws
    {
        var stage = RoutingStage()
        var first = read(stage, 0)
        #expect(try #require(ask(&first, &stage)).atLeast == 1000)
        stage.probe(1, 1500)
        var second = read(stage, 1200)
        #expect(try #require(ask(&second, &stage)) == (1, 1200))
    }

    @Test func `replicas that fail are passed over, then the primary is asked`() throws {
        var stage = RoutingStage()
        var read = read(stage)
        var asked: [Int] = []
        for _ in 0..<2 {
            let server = try #require(ask(&read, &stage)).server
            asked.append(server)
            #expect(fail(&read, &stage, on: server, .unreachable))
        }
        #expect(asked.sorted() == [1, 2])
        #expect(try #require(ask(&read, &stage)).server == 0)
        #expect(read.reason == .noReplica)
        #expect(stage.routing.servers.map(\.inFlight) == [1, 0, 0])
    }

    @Test func `a replica that dropped a read for its replay is passed over and not blamed`() throws {
        var stage = RoutingStage()
        for _ in 0..<10 {
            var read = read(stage)
            let server = try #require(ask(&read, &stage)).server
            #expect(fail(&read, &stage, on: server, .conflict))
            #expect(try #require(ask(&read, &stage)).server != server)
        }
        #expect(stage.routing.isUsable(1) && stage.routing.isUsable(2))
    }

    @Test func `the caller's own failure ends the read, one for lack of time only if the server is well`()
        throws
    {
        var stage = RoutingStage()
        var read = read(stage)
        let server = try #require(ask(&read, &stage)).server
        #expect(!fail(&read, &stage, on: server, .final))
        var slow = self.read(stage)
        let other = try #require(ask(&slow, &stage)).server
        #expect(!fail(&slow, &stage, on: other, .late))
        var stuck = self.read(stage)
        let dead = try #require(ask(&stuck, &stage)).server
        stage.eject(dead)
        #expect(fail(&stuck, &stage, on: dead, .late))
        #expect(try #require(ask(&stuck, &stage)).server != dead)
    }

    @Test func `the primary is asked again while it hides what a replica may have shown, a few times`() throws
    {
        var stage = RoutingStage()
        var read = read(stage, 1000, horizon: 50, readsPrimary: true)
        let behind = ReplicaMark(
            isReplica: false, position: 1000, snapshot: ReplicaSnapshot(end: 60, running: [49]))
        var looks = 0
        while looks < 100 {
            let server = try #require(ask(&read, &stage)).server
            looks += 1
            stage.pass(.microseconds(300))
            if answer(&read, &stage, from: server, behind) != nil { break }
            guard case .pause(let end) = read.next(&stage.routing, now: stage.now) else { break }
            stage.now = end
        }
        #expect(read.isDoubtful)
        #expect((3...12).contains(looks), "\(looks) looks")
    }

    @Test func `the primary's answer stands once it shows all, or if it did from the start`() throws {
        var stage = RoutingStage()
        var read = read(stage, 1000, horizon: 50, readsPrimary: true)
        let server = try #require(ask(&read, &stage)).server
        let behind = ReplicaMark(isReplica: false, position: 1000, snapshot: ReplicaSnapshot(end: 49))
        #expect(answer(&read, &stage, from: server, behind) == nil)
        stage.pass(.milliseconds(1))
        _ = ask(&read, &stage)
        let whole = ReplicaMark(
            isReplica: false, position: 1005, snapshot: ReplicaSnapshot(end: 60, running: [55]))
        let known = answer(&read, &stage, from: server, whole)
        #expect(known == RoutingRead.Session(position: 1005, horizon: 50))
        #expect(!read.isDoubtful)
    }

    @Test func `an answer of a primary that was overtaken meanwhile is not given out`() throws {
        var stage = RoutingStage()
        var read = read(stage, nil)
        #expect(try #require(ask(&read, &stage)).server == 0)
        stage.probe(1, 1100, isReplica: false, timeline: 2)
        let mark = ReplicaMark(isReplica: false, position: 1005)
        #expect(answer(&read, &stage, from: 0, mark) == nil)
        stage.pass(.milliseconds(20))
        #expect(try #require(ask(&read, &stage)).server == 1)
    }

    @Test func `a search for a server ends with the patience`() throws {
        var stage = RoutingStage()
        stage.routing.denied(0)
        var read = read(stage, nil)
        #expect(read.next(&stage.routing, now: stage.now) == .wait(until: stage.now + .milliseconds(20)))
        stage.pass(.seconds(5))
        #expect(read.next(&stage.routing, now: stage.now) == .giveUp)
    }

    @Test func `who waits is counted until the read ends`() throws {
        var stage = RoutingStage()
        stage.probe(0, 2000, isReplica: false)
        var read = read(stage, 1500)
        for _ in 0..<2 {
            guard case .wait = read.next(&stage.routing, now: stage.now) else {
                Issue.record("does not wait")
                return
            }
        }
        #expect(stage.routing.waiters == 1)
        read.finish(&stage.routing)
        read.finish(&stage.routing)
        #expect(stage.routing.waiters == 0)
    }
}
