package import Kernel

/// When a replica may answer, when it is left alone, and how long anything is waited for.
package struct RoutingSettings: Sendable {
    /// A replica further behind the primary is not read from; also the staleness of sessions that wrote nothing.
    package var maximumLag: Duration
    /// How long replicas are read from by such sessions while no primary is heard of.
    package var maximumBlindness: Duration
    /// How long a read waits for a replica that is a little behind, before it goes to the primary.
    package var replicaPatience: Duration
    /// How long a read on the primary is held back while transactions are under way that a replica may have shown to
    /// its session; one that is merely long holds such reads back for all of this.
    package var doubtPatience: Duration
    /// Reads that may wait for a replica at one time.
    package var maximumWaiters: Int
    /// How long a call looks for a server that may take it, while none answers or a new primary is awaited.
    package var failoverPatience: Duration
    /// Replicas on which one read may fail before it goes to the primary.
    package var maximumDetours: Int
    /// What is known of a replica longer than this is asked again rather than believed to be too little.
    package var knowledgeLifetime: Duration
    /// Failures in a row after which a server is left alone.
    package var ejectAfter: Int
    /// For how long, the first time and at most.
    package var ejection: Backoff
    /// Probes in a row that must succeed before it is read from again.
    package var returnAfter: Int
    /// One that fails again within this time is left alone for longer than before.
    package var steadyAfter: Duration

    package init(
        maximumLag: Duration = .seconds(2), maximumBlindness: Duration = .seconds(30),
        replicaPatience: Duration = .milliseconds(20), doubtPatience: Duration = .milliseconds(50),
        maximumWaiters: Int = 256,
        failoverPatience: Duration = .seconds(5), maximumDetours: Int = 2,
        knowledgeLifetime: Duration = .milliseconds(2), ejectAfter: Int = 3,
        ejection: Backoff = Backoff(first: .milliseconds(250), maximum: .seconds(10)), returnAfter: Int = 2,
        steadyAfter: Duration = .seconds(10)
    ) {
        self.maximumLag = maximumLag
        self.maximumBlindness = maximumBlindness
        self.replicaPatience = replicaPatience
        self.doubtPatience = doubtPatience
        self.maximumWaiters = maximumWaiters
        self.failoverPatience = failoverPatience
        self.maximumDetours = maximumDetours
        self.knowledgeLifetime = knowledgeLifetime
        self.ejectAfter = ejectAfter
        self.ejection = ejection
        self.returnAfter = returnAfter
        self.steadyAfter = steadyAfter
    }
}
