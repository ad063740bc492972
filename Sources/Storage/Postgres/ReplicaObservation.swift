/// What a set of servers tells of its work, for metrics and the log.
package enum ReplicaObservation: Sendable, Equatable {
    /// A read was answered by a replica.
    case readFromReplica(server: String)
    case readFromPrimary(RoutingReason)
    /// A replica was asked in vain, since it had not replayed enough.
    case refused(server: String)
    /// A read failed on one server and went on to another.
    case detour(server: String)
    /// The primary still hid what a replica may have shown to the session, for longer than reads wait.
    case doubtful
    /// How many bytes of log `server` is behind; with each probe of a replica.
    case lag(server: String, bytes: UInt64)
    /// A write was tried again, since nothing of it had happened.
    case writeRetried
    case outcomeUnknown
    case change(ReplicaChange)
}

/// What became of a server. Rare; worth a line in the log.
package enum ReplicaChange: Sendable, Equatable {
    case elected(server: String, timeline: UInt32)
    /// It is writable, but its history has been overtaken: nothing is sent to it.
    case fenced(server: String, timeline: UInt32)
    case lostPrimary(server: String)
    /// Several claim to be the primary of one history; none is used.
    case disputed(servers: [String])
    case ejected(server: String)
    case returned(server: String)
    case lagging(server: String)
    case caughtUp(server: String)
}

/// How a set of servers is, in words for whoever operates it.
package struct ReplicaHealth: Sendable, Equatable {
    package let primary: String?
    /// Replicas that answer reads.
    package let replicas: [String]
    /// The others, each with the reason.
    package let out: [String: String]

    /// Writes and reads are served, if with fewer servers than there are.
    package var isServing: Bool { primary != nil }
}
