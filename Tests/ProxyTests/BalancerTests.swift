import Foundation
import Testing

@testable import Proxy

@Suite struct BalancerTests {
    private func shares(
        _ policy: BalancingPolicy, _ candidates: [Candidate], keys: Int = 6000
    ) -> [Double] {
        var balancer = Balancer(policy, seed: 7)
        var counts = [Int](repeating: 0, count: candidates.count)
        for key in 0..<keys {
            if let index = balancer.choose(candidates, key: StableHash.of("10.0.\(key / 250).\(key % 250)")) {
                counts[index] += 1
            }
        }
        return counts.map { Double($0) / Double(keys) }
    }

    @Test func `round robin takes turns, by weight spread evenly and not in runs`() {
        let three = ["a", "b", "c"].map { Candidate(id: $0, weight: $0 == "a" ? 5 : 1) }
        var plain = Balancer(.roundRobin, seed: 1)
        #expect((0..<6).map { _ in plain.choose(three, key: 0) } == [0, 1, 2, 0, 1, 2])
        // The order that nginx documents for weights 5, 1, 1.
        var weighted = Balancer(.weightedRoundRobin, seed: 1)
        #expect((0..<7).map { _ in weighted.choose(three, key: 0) } == [0, 0, 1, 0, 2, 0, 0])
    }

    @Test(arguments: BalancingPolicy.allCases)
    func `equals get equal shares, and one alone gets all`(_ policy: BalancingPolicy) {
        for share in shares(policy, ["a", "b", "c", "d"].map { Candidate(id: $0) }) {
            #expect(abs(share - 0.25) < 0.03)
        }
        #expect(shares(policy, [Candidate(id: "a")]) == [1])
        var balancer = Balancer(policy, seed: 1)
        #expect(balancer.choose([], key: 1) == nil)
    }

    @Test(arguments: [BalancingPolicy.weightedRoundRobin, .ipHash])
    func `weights are shares`(_ policy: BalancingPolicy) {
        let shares = shares(
            policy, [Candidate(id: "a", weight: 3), Candidate(id: "b"), Candidate(id: "c", weight: 2)])
        for (share, expected) in zip(shares, [0.5, 1.0 / 6, 1.0 / 3]) {
            #expect(abs(share - expected) < 0.03)
        }
    }

    @Test func `the least busy is chosen, by its weight where weights count`() {
        let candidates = [
            Candidate(id: "a", weight: 1, inFlight: 2), Candidate(id: "b", weight: 4, inFlight: 5),
            Candidate(id: "c", weight: 1, inFlight: 3),
        ]
        var plain = Balancer(.leastConnections, seed: 1)
        var weighted = Balancer(.weightedLeastConnections, seed: 1)
        for _ in 0..<5 {
            #expect(plain.choose(candidates, key: 0) == 0)
            #expect(weighted.choose(candidates, key: 0) == 1)
        }
    }

    @Test func `the busier of two drawn is never chosen`() {
        let candidates = [
            Candidate(id: "a", inFlight: 9), Candidate(id: "b", inFlight: 1), Candidate(id: "c", inFlight: 0),
        ]
        let shares = shares(.randomOfTwo, candidates)
        #expect(shares[0] == 0 && abs(shares[2] - 2.0 / 3) < 0.03)
    }

    @Test(arguments: BalancingPolicy.allCases)
    func `who has just come back gets less at first`(_ policy: BalancingPolicy) {
        // As a whole, since a connection count grows with the requests that are sent.
        var balancer = Balancer(policy, seed: 3)
        var inFlight = [0, 0, 0]
        for key in 0..<600 {
            let candidates = (0..<3).map {
                Candidate(id: "\($0)", readiness: $0 == 0 ? 0.1 : 1, inFlight: inFlight[$0])
            }
            if let index = balancer.choose(candidates, key: StableHash.of("\(key)")) { inFlight[index] += 1 }
        }
        #expect(inFlight[0] < 100 && inFlight[0] > 0)
    }

    @Test func `when one goes, only its own clients move`() {
        let four = ["a", "b", "c", "d"].map { Candidate(id: $0) }
        let three = four.filter { $0.id != "c" }
        var balancer = Balancer(.ipHash, seed: 1)
        var moved = 0
        for number in 0..<2000 {
            let key = StableHash.of("client\(number)")
            guard let before = balancer.choose(four, key: key), let after = balancer.choose(three, key: key)
            else {
                continue
            }
            if four[before].id == "c" { moved += 1 } else { #expect(four[before].id == three[after].id) }
        }
        #expect(moved > 400 && moved < 600)
    }

    /// Requests of uneven length on six instances, each doing one at a time: the time until done at the 99th percentile.
    private func p99(_ policy: BalancingPolicy, seed: UInt64) -> Double {
        var random = SplitMix64(state: seed)
        func draw(_ mean: Double) -> Double {
            -mean * log(Double.random(in: Double.ulpOfOne..<1, using: &random))
        }
        var balancer = Balancer(policy, seed: seed)
        // When each instance has done what it was given, and the ends of what it has in hand.
        var ends = [[Double]](repeating: [], count: 6)
        var times: [Double] = []
        var now = 0.0
        for _ in 0..<8_000 {
            now += draw(1)
            for index in ends.indices { ends[index].removeAll { $0 <= now } }
            let candidates = ends.enumerated().map {
                Candidate(id: "\($0.offset)", inFlight: $0.element.count)
            }
            guard let index = balancer.choose(candidates, key: random.next()) else { continue }
            // One in ten takes ten times as long; four fifths of what six can do.
            let work = draw(Double.random(in: 0..<1, using: &random) < 0.1 ? 25 : 2.5)
            let end = max(now, ends[index].last ?? now) + work
            ends[index].append(end)
            times.append(end - now)
        }
        times.sort()
        return times[times.count * 99 / 100]
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `with uneven requests, least connections and the better of two beat taking turns`(_ seed: UInt64) {
        let turns = p99(.roundRobin, seed: seed)
        let least = p99(.leastConnections, seed: seed)
        let two = p99(.randomOfTwo, seed: seed)
        #expect(least < turns * 0.8 && two < turns * 0.9, "\(turns) \(least) \(two)")
    }
}
