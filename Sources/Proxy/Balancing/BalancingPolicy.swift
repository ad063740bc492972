/// How one of several instances is chosen.
package enum BalancingPolicy: String, Sendable, CaseIterable {
    case roundRobin = "round-robin"
    /// In turns by weight, spread evenly rather than in runs.
    case weightedRoundRobin = "weighted-round-robin"
    case leastConnections = "least-connections"
    case weightedLeastConnections = "weighted-least-connections"
    /// One client, one instance, as long as it is there; when one comes or goes, only its own clients move.
    case ipHash = "ip-hash"
    /// The less busy of two drawn at random: nearly as even as the least busy of all, and no herd runs to one.
    case randomOfTwo = "random-of-two"

    var usesWeights: Bool {
        switch self {
        case .weightedRoundRobin, .weightedLeastConnections, .ipHash: true
        case .roundRobin, .leastConnections, .randomOfTwo: false
        }
    }
}

/// An instance that may be chosen now.
package struct Candidate: Sendable, Equatable {
    package let id: String
    /// As announced, at least 1.
    package let weight: Int
    /// Of its share, from above 0 to 1: less for who has just come back.
    package let readiness: Double
    package let inFlight: Int

    package init(id: String, weight: Int = 1, readiness: Double = 1, inFlight: Int = 0) {
        self.id = id
        self.weight = weight
        self.readiness = readiness
        self.inFlight = inFlight
    }
}
