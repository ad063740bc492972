import Kernel
import Testing

@testable import Postgres

/// A primary (0) and two replicas (1, 2) as one node knows them, on a clock that tests move.
struct RoutingStage {
    var routing: ReplicaRouting
    var now = ContinuousClock.now

    init(_ settings: RoutingSettings = RoutingSettings(), primary position: UInt64 = 1000) {
        routing = ReplicaRouting(["a", "b", "c"], settings: settings)
        // Twice: what it had counts from when it is known to be the primary.
        for _ in 0..<2 {
            probe(0, position, isReplica: false)
            probe(1, position)
            probe(2, position)
        }
        _ = routing.takeEvents()
    }

    mutating func probe(_ server: Int, _ position: UInt64, isReplica: Bool = true, timeline: UInt32 = 1) {
        let mark = ReplicaMark(
            isReplica: isReplica, position: position, received: position, timeline: timeline)
        routing.probed(server, mark, askedAt: now, now: now)
    }

    mutating func pass(_ time: Duration) { now += time }

    mutating func choose(_ position: UInt64?, since waiting: ContinuousClock.Instant? = nil)
        -> ReplicaRouting.Choice
    {
        routing.choose(ReplicaRouting.Request(position: position, waitingSince: waiting), now: now)
    }

    /// Fails `server` as often as it takes.
    mutating func eject(_ server: Int) {
        for _ in 0..<routing.settings.ejectAfter { routing.probeFailed(server, now: now) }
    }
}

@Suite struct ReplicaRoutingTests {
    @Test func `a read without session goes to the primary`() {
        var stage = RoutingStage()
        #expect(stage.choose(nil) == .primary(0, .noSession))
    }

    @Test func `of many calls one in each interval has the servers asked`() {
        var stage = RoutingStage()
        let asks = (0..<30).map { _ in
            stage.pass(.milliseconds(10))
            return stage.routing.called(at: stage.now, every: .milliseconds(100))
        }
        #expect(asks.indices.filter { asks[$0] } == [0, 10, 20])
    }

    @Test func `a server is asked often while it works, fails or lags, and seldom else`() {
        var stage = RoutingStage()
        func calm() -> [Bool] { (0...2).map { stage.routing.isCalm($0) } }
        #expect(calm() == [true, true, true])
        stage.routing.sent(1)
        stage.routing.probeFailed(0, now: stage.now)
        #expect(calm() == [false, false, true])
        stage.routing.ended(1)
        stage.probe(0, 1000, isReplica: false)
        stage.eject(2)
        #expect(calm() == [true, true, false])
        stage.pass(.seconds(10))
        stage.probe(0, 9000, isReplica: false)
        stage.pass(.seconds(10))
        stage.probe(1, 1000)
        #expect(calm() == [true, false, false])
    }

    @Test func `a read goes to a replica that has replayed what it must see`() {
        var stage = RoutingStage()
        stage.probe(0, 1100, isReplica: false)
        stage.probe(2, 1100)
        for _ in 0..<8 { #expect(stage.choose(1050) == .replica(2)) }
    }

    /// One lagging replica once made all of a store be treated as lagging; here each is judged by itself.
    @Test(arguments: [1, 2]) func `one replica that stands still does not keep reads from the other`(
        slow: Int
    ) {
        var stage = RoutingStage()
        let fast = 3 - slow
        for step in 1...50 {
            stage.pass(.milliseconds(100))
            let position = 1000 + UInt64(step) * 10
            stage.probe(0, position, isReplica: false)
            stage.probe(fast, position)
            stage.probe(slow, 1000)
            #expect(stage.choose(position) == .replica(fast))
            #expect(stage.choose(0) == .replica(fast) || step < 25)
        }
        #expect(!stage.routing.isUsable(slow) && stage.routing.isUsable(fast))
    }

    @Test func `of those that can, the least busy answers, and equals take turns`() {
        var stage = RoutingStage()
        stage.routing.sent(1)
        for _ in 0..<4 { #expect(stage.choose(1000) == .replica(2)) }
        stage.routing.sent(2)
        let chosen = (0..<4).map { _ in stage.choose(1000) }
        #expect(chosen.contains(.replica(1)) && chosen.contains(.replica(2)))
    }

    @Test func `what is known for longer is asked again rather than believed to be too little`() {
        var stage = RoutingStage()
        stage.pass(.milliseconds(50))
        stage.probe(0, 2000, isReplica: false)
        #expect([.replica(1), .replica(2)].contains(stage.choose(1500)))
        // Fresh knowledge of one: the other is asked.
        stage.probe(1, 1400)
        #expect(stage.choose(1500) == .replica(2))
    }

    @Test func `a read waits for replicas that are close, for a while, then goes to the primary`() {
        var stage = RoutingStage()
        stage.probe(0, 2000, isReplica: false)
        let since = stage.now
        #expect(stage.choose(1500) == .wait(until: since + .milliseconds(20)))
        stage.pass(.milliseconds(19))
        for server in [1, 2] { stage.probe(server, 1400) }
        #expect(stage.choose(1500, since: since) == .wait(until: since + .milliseconds(20)))
        stage.probe(2, 1600)
        #expect(stage.choose(1500, since: since) == .replica(2))
        stage.probe(2, 1400)
        stage.pass(.milliseconds(1))
        for server in [1, 2] { stage.probe(server, 1400) }
        #expect(stage.choose(1500, since: since) == .primary(0, .behind))
    }

    @Test func `a read does not wait for replicas that are far behind`() {
        var stage = RoutingStage()
        for step in 1...6 {
            stage.pass(.milliseconds(20))
            stage.probe(0, 1000 + UInt64(step) * 100, isReplica: false)
        }
        for server in [1, 2] { stage.probe(server, 1000) }
        #expect(stage.choose(1550) == .primary(0, .behind))
    }

    @Test func `so many may wait and no more`() {
        var stage = RoutingStage(RoutingSettings(maximumWaiters: 2))
        stage.probe(0, 2000, isReplica: false)
        for _ in 0..<2 { stage.routing.beganWaiting() }
        #expect(stage.choose(1500) == .primary(0, .crowded))
        stage.routing.endedWaiting()
        #expect(stage.choose(1500) == .wait(until: stage.now + .milliseconds(20)))
    }

    @Test func `a session that wrote nothing reads from replicas within the lag, and else from the primary`()
    {
        var stage = RoutingStage()
        #expect([.replica(1), .replica(2)].contains(stage.choose(0)))
        for step in 1...30 {
            stage.pass(.milliseconds(100))
            stage.probe(0, 1000 + UInt64(step), isReplica: false)
            for server in [1, 2] { stage.probe(server, 1000) }
        }
        #expect(stage.choose(0) == .primary(0, .noReplica))
    }

    @Test func `a replica that lagged must come well within the limit before it is used again`() {
        var stage = RoutingStage()
        var position: UInt64 = 1000
        func run(_ steps: Int, behind: UInt64, _ stage: inout RoutingStage) -> [ReplicaRouting.Event] {
            for _ in 0..<steps {
                stage.pass(.milliseconds(100))
                position += 10
                stage.probe(0, position, isReplica: false)
                stage.probe(1, position - behind)
                stage.probe(2, position)
            }
            return stage.routing.takeEvents()
        }
        // 10 a step of 100 ms: 150 is 1.5 s.
        _ = run(30, behind: 0, &stage)
        #expect(run(30, behind: 150, &stage).isEmpty)
        #expect(run(30, behind: 250, &stage) == [.lagging(1, true)])
        #expect(run(30, behind: 150, &stage).isEmpty)
        #expect(run(30, behind: 50, &stage) == [.lagging(1, false)])
        #expect(run(30, behind: 150, &stage).isEmpty)
    }

    @Test func `a replica of which nothing is heard counts as lagging as the primary goes on`() {
        var stage = RoutingStage()
        for step in 1...30 {
            stage.pass(.milliseconds(100))
            stage.probe(0, 1000 + UInt64(step), isReplica: false)
        }
        #expect(!stage.routing.isUsable(1) && !stage.routing.isUsable(2))
    }

    @Test func `a dead replica is left alone and comes back after good probes`() {
        var stage = RoutingStage()
        stage.eject(1)
        #expect(stage.routing.takeEvents() == [.ejected(1)])
        for _ in 0..<4 { #expect(stage.choose(1000) == .replica(2)) }
        #expect(!stage.routing.mayProbe(1, now: stage.now))
        stage.pass(.milliseconds(250))
        #expect(stage.routing.mayProbe(1, now: stage.now))
        stage.probe(0, 1000, isReplica: false)
        stage.probe(1, 1000)
        #expect(!stage.routing.isUsable(1))
        stage.probe(1, 1000)
        #expect(stage.routing.isUsable(1))
        #expect(stage.routing.takeEvents() == [.returned(1)])
    }

    @Test func `a replica that came back with less is known to have less`() {
        var stage = RoutingStage()
        stage.pass(.milliseconds(100))
        stage.probe(1, 700)
        #expect(stage.choose(900) == .replica(2))
        // A mark of a read that began before that is older.
        stage.routing.refused(
            2, ReplicaMark(isReplica: true, position: 900), askedAt: stage.now - .seconds(1), now: stage.now)
        #expect(stage.choose(950) == .replica(2))
    }

    @Test func `a replica that reads files of before its restart is not used until it streams`() {
        var stage = RoutingStage()
        let mark = ReplicaMark(isReplica: true, position: 1000, received: nil, timeline: 1)
        stage.routing.probed(1, mark, askedAt: stage.now, now: stage.now)
        #expect(!stage.routing.isUsable(1))
        #expect(stage.routing.shortcoming(of: 1) == "does not stream yet")
        stage.probe(1, 1000)
        #expect(stage.routing.isUsable(1))
    }

    @Test
    func
        `without replicas all is read from the primary, without a primary what replicas can answer from them`()
    {
        var stage = RoutingStage()
        for server in [1, 2] { stage.eject(server) }
        #expect(stage.choose(10) == .primary(0, .noReplica))
        stage = RoutingStage()
        stage.routing.denied(0)
        #expect(stage.routing.takeEvents() == [.lostPrimary(0)])
        #expect([.replica(1), .replica(2)].contains(stage.choose(900)))
        #expect(stage.choose(nil) == .nowhere)
    }

    @Test func `sessions that wrote nothing are not served for ever while no primary is heard of`() {
        var stage = RoutingStage()
        stage.routing.denied(0)
        stage.pass(.seconds(31))
        for server in [1, 2] { stage.probe(server, 1000) }
        #expect([.replica(1), .replica(2)].contains(stage.choose(0)))
        stage.pass(.seconds(2))
        for server in [1, 2] { stage.probe(server, 1000) }
        #expect(stage.choose(0) == .nowhere)
        #expect([.replica(1), .replica(2)].contains(stage.choose(900)))
    }

    @Test func `a failed primary has every server probed, for each may be the next`() {
        var stage = RoutingStage()
        stage.eject(1)
        #expect(!stage.routing.mayProbe(1, now: stage.now))
        stage.eject(0)
        #expect(stage.routing.mayProbe(0, now: stage.now) && stage.routing.mayProbe(1, now: stage.now))
    }

    @Test func `after a promotion only replicas of the new history answer`() {
        var stage = RoutingStage()
        stage.pass(.milliseconds(100))
        stage.probe(1, 1200, isReplica: false, timeline: 2)
        #expect(stage.routing.primary == 1)
        stage.probe(2, 1150)
        #expect(stage.choose(1000) == .primary(1, .noReplica))
        // The old primary, back and writable, is read no more than it is written.
        stage.probe(0, 5000, isReplica: false)
        #expect(stage.choose(4000) == .primary(1, .noReplica))
        stage.probe(2, 1200, timeline: 2)
        #expect(stage.choose(1150) == .replica(2))
        #expect(
            stage.routing.takeEvents().filter { if case .lagging = $0 { false } else { true } }
                == [.fenced(0, timeline: 1), .lostPrimary(0), .elected(1, timeline: 2)])
    }

    @Test func `a position of a lost history is answered by the primary, after at most one look`() {
        var stage = RoutingStage()
        stage.pass(.milliseconds(100))
        stage.probe(1, 1200, isReplica: false, timeline: 2)
        stage.probe(2, 1200, timeline: 2)
        #expect(stage.choose(9000) == .primary(1, .beyond))
        // Known for a while: newer than what is known here, perhaps. Once the primary was asked again, it is not.
        stage.pass(.milliseconds(1))
        let since = stage.now
        #expect(stage.choose(9000) == .wait(until: since + .milliseconds(20)))
        stage.pass(.milliseconds(1))
        stage.probe(1, 1200, isReplica: false, timeline: 2)
        stage.probe(2, 1200, timeline: 2)
        #expect(stage.choose(9000, since: since) == .primary(1, .beyond))
    }
}
