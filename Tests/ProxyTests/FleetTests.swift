import Kernel
import Resilience
import Testing

@testable import Proxy

@Suite struct FleetTests {
    private static func instance(
        _ id: String, _ state: Instance.State = .ready, port: Int = 1
    ) -> Instance {
        Instance(id: id, role: "api", address: .init(host: "h", port: port), state: state)
    }

    /// A fleet of instances `a`, `b`, ... and its clock.
    private struct Stage {
        var fleet: Fleet
        var now = ContinuousClock.now

        init(_ ids: [String], _ change: (inout Fleet.Settings) -> Void = { _ in }) {
            var settings = Fleet.Settings()
            change(&settings)
            fleet = Fleet(settings, seed: 1)
            _ = fleet.update("api", to: ids.map { FleetTests.instance($0) }, at: now)
        }

        mutating func choose(excluding: Set<String> = [], by policy: BalancingPolicy = .leastConnections)
            -> Fleet.Choice?
        {
            fleet.choose("api", by: policy, key: 0, excluding: excluding, at: now)
        }

        /// So many requests, of which those to `bad` fail. The ids asked, in order, and what changed.
        @discardableResult
        mutating func serve(_ count: Int, bad: Set<String> = []) -> (asked: [String], changes: [Fleet.Change])
        {
            var asked: [String] = []
            var changes: [Fleet.Change] = []
            for _ in 0..<count {
                guard let choice = choose(by: .roundRobin) else { continue }
                asked.append(choice.instance.id)
                changes += fleet.finish(
                    choice, bad.contains(choice.instance.id) ? .failure : .success, at: now)
            }
            return (asked, changes)
        }

        mutating func probe(_ id: String, _ success: Bool) -> [Fleet.Change] {
            fleet.probed(FleetTests.instance(id), success: success, at: now)
        }
    }

    @Test func `only those that are ready are asked`() {
        var stage = Stage([])
        #expect(stage.choose() == nil)
        _ = stage.fleet.update(
            "api", to: [Self.instance("a", .starting), Self.instance("b"), Self.instance("c", .draining)],
            at: stage.now)
        let served = stage.serve(10)
        #expect(Set(served.asked) == ["b"] && served.asked.count == 10)
        _ = stage.fleet.update("api", to: [Self.instance("b", .draining)], at: stage.now)
        let choice = stage.choose()
        #expect(choice == nil)
    }

    @Test func `requests in hand are kept through an update, and forgotten with their instance`() {
        var stage = Stage(["a", "b"])
        let first = stage.choose()
        let second = stage.choose()
        #expect(Set([first, second].compactMap(\.?.instance.id)) == ["a", "b"])
        let changes = stage.fleet.update("api", to: [Self.instance("a"), Self.instance("c")], at: stage.now)
        #expect(changes == [.joined("c"), .left("b")])
        #expect(stage.fleet.members(of: "api").map(\.inFlight) == [1, 0])
        for choice in [first, second].compactMap({ $0 }) {
            _ = stage.fleet.finish(choice, .success, at: stage.now)
        }
        #expect(stage.fleet.members(of: "api").map(\.inFlight) == [0, 0])
    }

    @Test func `three failures in a row eject, and probes bring back when the time is over`() {
        var stage = Stage(["a", "b"])
        let changes = stage.serve(6, bad: ["b"]).changes
        #expect(changes == [.ejected("b")])
        #expect(Set(stage.serve(20).asked) == ["a"])
        stage.now += .milliseconds(4_900)
        #expect(stage.probe("b", true) == [] && stage.probe("b", true) == [])
        stage.now += .milliseconds(100)
        #expect(stage.probe("b", true) == [.returned("b")])
        #expect(Set(stage.serve(20).asked) == ["a", "b"])
    }

    @Test func `where all are ejected they are tried all the same`() {
        var stage = Stage(["a", "b"])
        for id in ["a", "b"] { for _ in 0..<2 { _ = stage.probe(id, false) } }
        let areOut = stage.fleet.members(of: "api").map(\.health.isEjected)
        #expect(areOut == [true, true])
        #expect(Set(stage.serve(10).asked) == ["a", "b"])
    }

    @Test func `without probes time alone brings back`() {
        var stage = Stage(["a", "b"]) { $0.health.isProbed = false }
        stage.serve(6, bad: ["b"])
        stage.now += .milliseconds(4_999)
        var changes = stage.fleet.pass("api", to: stage.now)
        #expect(changes == [])
        stage.now += .milliseconds(1)
        changes = stage.fleet.pass("api", to: stage.now)
        #expect(changes == [.returned("b")])
    }

    @Test func `failed probes eject who gets no requests`() {
        var stage = Stage(["a", "b"])
        #expect(stage.probe("b", false) == [])
        #expect(stage.probe("b", false) == [.ejected("b")])
        #expect(Set(stage.serve(10).asked) == ["a"])
    }

    @Test func `a flapping instance stays out longer each time, up to a minute`() {
        var stage = Stage(["a", "b"]) { $0.health.slowStart = .zero }
        var outs: [Duration] = []
        for _ in 0..<6 {
            stage.serve(40, bad: ["b"])
            let start = stage.now
            for _ in 0..<200 {
                if stage.probe("b", true).contains(.returned("b")) { break }
                stage.now += .milliseconds(500)
            }
            outs.append(stage.now - start)
        }
        #expect(outs == [5, 10, 20, 40, 60, 60].map { .seconds($0) })
    }

    @Test func `who comes back begins with a tenth of its share and has all of it after the slow start`() {
        var stage = Stage(["a", "b"]) { $0.health.isProbed = false }
        stage.serve(6, bad: ["b"])
        stage.now += .seconds(5)
        _ = stage.fleet.pass("api", to: stage.now)
        func share() -> Double { Double(stage.serve(1100).asked.count { $0 == "b" }) / 1100 }
        #expect(abs(share() - 0.1 / 1.1) < 0.02)
        stage.now += .seconds(5)
        #expect(abs(share() - 0.5 / 1.5) < 0.02)
        stage.now += .seconds(5)
        #expect(abs(share() - 0.5) < 0.02)
    }

    @Test func `those that were there first start at once, later ones slowly`() {
        var stage = Stage(["a", "b"])
        #expect(stage.serve(100).asked.count { $0 == "b" } == 50)
        _ = stage.fleet.update("api", to: ["a", "b", "c"].map { Self.instance($0) }, at: stage.now)
        #expect(stage.serve(210).asked.count { $0 == "c" } < 20)
    }

    @Test func `an open breaker passes an instance over though nobody ejected it`() {
        var stage = Stage(["a", "b"]) { $0.breaker.minimumCalls = 10 }
        // Every other request to b fails, never three in a row.
        for number in 0..<40 {
            guard let choice = stage.choose(excluding: ["a"]) else { break }
            _ = stage.fleet.finish(choice, number % 2 == 0 ? .failure : .success, at: stage.now)
        }
        #expect(!stage.fleet.members(of: "api")[1].health.isEjected)
        #expect(Set(stage.serve(20).asked) == ["a"])
        stage.now += .seconds(1)
        #expect(Set(stage.serve(20).asked) == ["a", "b"])
    }

    @Test func `a new address behind an id is a new instance`() {
        var stage = Stage(["a", "b"])
        stage.serve(6, bad: ["b"])
        let changes = stage.fleet.update(
            "api", to: [Self.instance("a"), Self.instance("b", port: 2)], at: stage.now)
        #expect(changes == [.joined("b")])
        #expect(!stage.fleet.members(of: "api")[1].health.isEjected)
    }

    @Test func `retries have a budget for each role`() {
        var stage = Stage(["a"]) { $0.retryBudget.reserve = 10 }
        var retries = 0
        while stage.fleet.withdrawRetry("api") { retries += 1 }
        #expect(retries == 10)
        for _ in 0..<100 { stage.fleet.deposit("api") }
        while stage.fleet.withdrawRetry("api") { retries += 1 }
        #expect(retries <= 20 && retries >= 19)
    }

    @Test func `connections are reused, bounded, and queued for in order`() {
        var pool = ConnectionPool(limit: 2, maximumWaiting: 2)
        #expect(pool.acquire(1) == .open && pool.acquire(2) == .open)
        #expect(pool.acquire(3) == .wait && pool.acquire(4) == .wait && pool.acquire(5) == .refuse)
        #expect(pool.release(10) == .hand(to: 3))
        #expect(pool.giveUp(4) == true && pool.giveUp(4) == false)
        #expect(pool.release(10) == .keep && pool.release(11) == .keep)
        #expect(pool.acquire(6) == .use(connection: 11))
        #expect(pool.closed(10) == nil && pool.count == 1 && pool.idle == [])
        #expect(pool.acquire(7, fresh: true) == .open && pool.acquire(8) == .wait)
        #expect(pool.closed(11) == 8 && pool.count == 2)
    }
}
