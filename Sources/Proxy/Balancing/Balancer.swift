private import Foundation

/// Chooses instances by a policy; a value that remembers whose turn it is.
package struct Balancer: Sendable {
    package let policy: BalancingPolicy
    private var random: SplitMix64
    /// Smooth weighted round robin: what each is owed.
    private var credit: [String: Double] = [:]
    private var turn = 0

    package init(_ policy: BalancingPolicy, seed: UInt64 = .random(in: .min ... .max)) {
        self.policy = policy
        random = SplitMix64(state: seed)
    }

    /// An index of `candidates`, nil if there are none. `key` stands for the client.
    package mutating func choose(_ candidates: [Candidate], key: UInt64) -> Int? {
        guard candidates.count > 1 else { return candidates.isEmpty ? nil : 0 }
        return switch policy {
        case .roundRobin, .weightedRoundRobin: next(candidates)
        case .leastConnections, .weightedLeastConnections: leastBusy(candidates)
        case .ipHash: highestHash(candidates, key: key)
        case .randomOfTwo: lessBusyOfTwo(candidates)
        }
    }

    private func weight(_ candidate: Candidate) -> Double {
        (policy.usesWeights ? Double(candidate.weight) : 1) * candidate.readiness
    }

    private mutating func next(_ candidates: [Candidate]) -> Int {
        var best = 0
        var total = 0.0
        var most = -Double.infinity
        for (index, candidate) in candidates.enumerated() {
            let weight = weight(candidate)
            total += weight
            let owed = (credit[candidate.id] ?? 0) + weight
            credit[candidate.id] = owed
            if owed > most + 1e-9 { (best, most) = (index, owed) }
        }
        credit[candidates[best].id] = most - total
        // Those that have gone would otherwise be kept for ever.
        if credit.count > 2 * candidates.count + 16 {
            let ids = Set(candidates.map(\.id))
            credit = credit.filter { ids.contains($0.key) }
        }
        return best
    }

    /// Equals take turns.
    private mutating func leastBusy(_ candidates: [Candidate]) -> Int {
        turn &+= 1
        let start = Int(UInt(bitPattern: turn) % UInt(candidates.count))
        var best = start
        for offset in 1..<candidates.count {
            let index = (start + offset) % candidates.count
            if load(candidates[index]) < load(candidates[best]) { best = index }
        }
        return best
    }

    private mutating func lessBusyOfTwo(_ candidates: [Candidate]) -> Int {
        let first = Int.random(in: 0..<candidates.count, using: &random)
        let other = Int.random(in: 0..<candidates.count - 1, using: &random)
        let second = other < first ? other : other + 1
        return load(candidates[second]) < load(candidates[first]) ? second : first
    }

    private func load(_ candidate: Candidate) -> Double {
        Double(candidate.inFlight + 1) / weight(candidate)
    }

    /// Weighted rendezvous hashing.
    private func highestHash(_ candidates: [Candidate], key: UInt64) -> Int {
        var best = 0
        var most = -Double.infinity
        for (index, candidate) in candidates.enumerated() {
            let hash = StableHash.of(candidate.id, seed: key)
            // In (0, 1): its logarithm is below 0 and finite.
            let unit = (Double(hash >> 11) + 0.5) / Double(1 << 53)
            let score = -weight(candidate) / log(unit)
            if score > most { (best, most) = (index, score) }
        }
        return best
    }
}

/// Hashes that are the same in every process, unlike the standard library's.
package enum StableHash {
    package static func of(_ text: String, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return SplitMix64.mixed(hash)
    }
}

/// A small generator of numbers that look random (Steele, Lea and Flood, 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mixed(state)
    }

    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
