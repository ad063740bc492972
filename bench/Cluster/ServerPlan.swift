import Foundation

/// A server that is to run: all that is decided before it does.
package struct ServerPlan: Sendable, Equatable {
    /// Unique in the cluster, such as `postgres-2`.
    package let name: String
    package let technology: String
    package let port: Int
    /// The program's path first.
    package var command: [String]
    /// Where it works: its own, below the cluster's.
    package let folder: String
    package var check: HealthCheck
    package var stop: StopPlan = .init()
    /// Besides the plain ones.
    package var environment: [String: String] = [:]
    /// What it gets as its standard input; nothing by default.
    package var input: Int32?
    /// How long it may take until it answers.
    package var patience: Duration = .seconds(30)
}

/// How a server is asked to end, and for how long, before it is killed.
package struct StopPlan: Sendable, Codable, Equatable {
    package var signal: Int32 = SIGTERM
    package var seconds = 10
}

/// What proves that a server does its work, in its own protocol.
package enum HealthCheck: Sendable, Equatable {
    /// Answers a query as superuser.
    case postgres(psql: String, port: Int, password: String)
    /// Answers a query of the application through PgBouncer.
    case pgBouncer(psql: String, port: Int, password: String)
    case redis(port: Int, password: String, RedisProof = .answers)
    case kafka(port: Int)
    /// Lists the bucket with a signed request.
    case s3(S3Access)
    case listens(port: Int)
    /// A program says something that holds the text.
    case program([String], holds: String)
    /// Answers 200.
    case http(port: Int, path: String)
}

/// What a Redis server is asked, besides its role.
package enum RedisProof: Sendable, Equatable {
    case answers
    /// The node knows an owner of every slot.
    case clusterIsWhole
    /// The sentinel knows enough others to move the primary.
    case quorum(of: String)
}

/// How to reach a store and its bucket.
package struct S3Access: Sendable, Codable, Equatable {
    package let port: Int
    package let bucket: String
    package let accessKey: String
    package let secretKey: String
    package static let region = "us-east-1"
}
