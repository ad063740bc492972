package import Kernel

/// How the servers of one store are reached, and the bounds of that.
package struct PostgresSettings: Sendable {
    /// Of the role that the application works as, which owns nothing. Hosts may be several.
    package var url: String
    /// Of the role that owns the schema; where it is given, the schema is brought up to date at start.
    package var ownerURL: String?
    /// What positions in this store's history are filed under in `Consistency`.
    package var storeName: String
    /// Transactions at one time, per server.
    package var connections: Int
    /// Over which single statements are multiplexed, per server.
    package var pipelineConnections: Int
    /// Single statements that travel together.
    package var maximumBatch: Int
    /// Calls that may wait, of each kind, per server.
    package var maximumQueue: Int
    /// For one body, its waiting and its repetitions included.
    package var statementDeadline: Duration
    package var connectDeadline: Duration
    /// Prepared statements kept on one connection.
    package var preparedStatements: Int
    /// Tries of a body that meets others which change the same rows.
    package var maximumAttempts: Int
    /// Between tries to reach a server that cannot be reached.
    package var reconnect: Backoff
    package var applicationName: String
    /// Whether reads and writes tell their position; of no use to a server without replicas.
    package var asksForMarks: Bool
    /// Applying migrations may take this long.
    package var migrationDeadline: Duration

    package init(
        url: String, ownerURL: String? = nil, storeName: String = "main", connections: Int = 16,
        pipelineConnections: Int = 2, maximumBatch: Int = 64, maximumQueue: Int = 10_000,
        statementDeadline: Duration = .seconds(10), connectDeadline: Duration = .seconds(3),
        preparedStatements: Int = 256, maximumAttempts: Int = 12,
        reconnect: Backoff = Backoff(first: .milliseconds(50), maximum: .seconds(2)),
        applicationName: String = "cloudstream", asksForMarks: Bool = true,
        migrationDeadline: Duration = .seconds(600)
    ) {
        self.url = url
        self.ownerURL = ownerURL
        self.storeName = storeName
        self.connections = connections
        self.pipelineConnections = pipelineConnections
        self.maximumBatch = maximumBatch
        self.maximumQueue = maximumQueue
        self.statementDeadline = statementDeadline
        self.connectDeadline = connectDeadline
        self.preparedStatements = preparedStatements
        self.maximumAttempts = maximumAttempts
        self.reconnect = reconnect
        self.applicationName = applicationName
        self.asksForMarks = asksForMarks
        self.migrationDeadline = migrationDeadline
    }

    /// The hosts of the URL, in its order. `invalid` if it is no libpq URL.
    package func addresses() throws -> [ServerAddress] { try PostgresURL(url).addresses }
}
