/// Which servers a cluster has, and how many of each.
package struct ClusterSettings: Sendable, Codable, Equatable {
    package enum Technology: String, Sendable, Codable, CaseIterable { case postgres, redis, kafka, s3, smtp }
    package enum RedisForm: String, Sendable, Codable, CaseIterable { case single, sentinel, cluster }
    package enum S3Store: String, Sendable, Codable, CaseIterable { case rclone, radosgw }

    package var technologies: Set<Technology> = Set(Technology.allCases)
    /// Streaming replicas of the primary, 0 to 8.
    package var replicas = 2
    /// Whether a commit waits for one replica; without replicas none waits.
    package var isSynchronous = true
    package var redis: RedisForm = .single
    package var s3: S3Store = .rclone
    package var hasPgBouncer = false
    /// What the broker tells clients to come back to, if not its own port: that of a proxy before it.
    package var kafkaAdvertisedPort: Int?
    /// Ports are taken upwards from here; from a place chosen by chance if absent.
    package var firstPort: Int?

    package init() {}

    package static func only(_ technologies: Set<Technology>) -> Self {
        var settings = Self()
        settings.technologies = technologies
        return settings
    }

    /// Throws what a person can mend.
    func check() throws {
        guard !technologies.isEmpty else { throw ClusterFailure("There is no server to start.") }
        guard (0...8).contains(replicas) else { throw ClusterFailure("Replicas must be 0 to 8.") }
        guard !hasPgBouncer || technologies.contains(.postgres) else {
            throw ClusterFailure("PgBouncer needs postgres.")
        }
        if let firstPort, !PortChoice.allowed.contains(firstPort) {
            throw ClusterFailure(
                "The first port must be \(PortChoice.allowed.lowerBound) to \(PortChoice.allowed.upperBound - 1)."
            )
        }
    }
}

/// What went wrong with a cluster, for the person who asked for it.
package struct ClusterFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
