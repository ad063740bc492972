import AsyncHTTPClient
package import Kernel
package import Logging
package import NIOCore
import NIOHTTP1
import Synchronization

/// Objects in a bucket of a store that speaks S3.
///
/// What it writes itself goes in one request up to `partBytes`, and in parts beyond: the memory for it is one part a
/// writer, and every request can be repeated because its bytes are still at hand.
package final class S3ObjectStore: Sendable {
    package struct Settings: Sendable {
        /// `http(s)://host[:port]` as this process reaches the store.
        package var endpoint: String
        package var region: String
        package var bucket: String
        package var credentials: S3Credentials
        /// As browsers reach it; nil if by the same name.
        package var publicEndpoint: String?
        /// The bucket in the path, and not in the host's name.
        package var pathStyle = true
        /// Begins all keys in the bucket: empty, or a key with a slash at its end.
        package var keyPrefix = ""
        /// For a connection.
        package var connectDeadline = Duration.seconds(5)
        /// For the beginning of an answer, each silence within one, and the time in which calls are repeated.
        package var requestDeadline = Duration.seconds(30)
        /// Connections at once.
        package var maximumConnections = 64
        /// Calls and bodies under way or waiting at once; beyond it they are `overloaded`.
        package var maximumRequests = 1024
        /// Bodies of more than `smallBody` that are gathered into parts at once; beyond it `put` is `overloaded`.
        package var maximumWriters = 16
        /// Tries of one call.
        package var attempts = 4
        /// Of what this process writes. Larger where there would be more than 10,000 parts.
        package var partBytes: Int64 = 16 << 20
        /// The least that the store takes of a part that is not the last.
        package var minimumPartBytes: Int64 = 5 << 20
        /// Parts of one object in transfer at once.
        package var partsAtOnce = 3
        /// Pages that may send parts: `https://host[:port]`.
        package var allowedOrigins: [String] = []

        package init(endpoint: String, region: String, bucket: String, credentials: S3Credentials) {
            self.endpoint = endpoint
            self.region = region
            self.bucket = bucket
            self.credentials = credentials
        }
    }

    let settings: Settings
    let client: S3Client
    let publicEndpoint: S3Endpoint
    let threads = FileThreads(4)
    let writers: TransferLimit
    /// Uploads that are being completed.
    let completing = Mutex<Set<String>>([])
    let now: @Sendable () -> Timestamp
    let logger: Logger
    private let http: HTTPClient

    /// `invalid_request` for settings that cannot be. Whoever makes it also closes it.
    package init(
        _ settings: Settings, eventLoopGroup: any EventLoopGroup, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws(Failure) {
        try settings.validate()
        let endpoint = try S3Endpoint(
            settings.endpoint, bucket: settings.bucket, pathStyle: settings.pathStyle)
        publicEndpoint =
            try settings.publicEndpoint.map { (text) throws(Failure) in
                try S3Endpoint(text, bucket: settings.bucket, pathStyle: settings.pathStyle)
            } ?? endpoint
        http = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: settings.transport)
        client = S3Client(
            http: http, endpoint: endpoint,
            signature: SignatureV4(credentials: settings.credentials, region: settings.region),
            limit: TransferLimit(settings.maximumRequests), attempts: settings.attempts,
            requestDeadline: settings.requestDeadline, now: now, logger: logger)
        writers = TransferLimit(settings.maximumWriters)
        self.settings = settings
        self.logger = logger
        self.now = now
    }

    /// Ends its connections; calls under way fail.
    package func close() async {
        // Only a second closing fails, and that one has nothing to do.
        try? await http.shutdown()
    }

    /// Throws unless the bucket is there and may be used. Cheap; for readiness.
    package func check() async throws {
        do {
            _ = try await client.call(S3Request(method: .HEAD))
        } catch {
            guard error.answered?.status == 404 else { throw error }
            throw Failure(
                .internal, "bucket_missing", "The bucket \(settings.bucket) does not exist.",
                cause: error.cause)
        }
    }

    /// Where browsers send parts to, for the page's `connect-src` and `media-src`.
    package var publicOrigin: String { publicEndpoint.origin }

    /// The key in the bucket.
    func stored(_ key: String) -> String { settings.keyPrefix + key }
}

extension S3ObjectStore.Settings {
    fileprivate func validate() throws(Failure) {
        guard keyPrefix.isEmpty || keyPrefix.hasSuffix("/") && keyPrefix.utf8.count <= 200 else {
            throw .invalid("keyPrefix", "invalid", "A key prefix is empty or ends with a slash.")
        }
        if !keyPrefix.isEmpty { _ = try ObjectKey(String(keyPrefix.dropLast())) }
        let counts = [maximumConnections, maximumRequests, maximumWriters, attempts, partsAtOnce]
        guard counts.allSatisfy({ $0 > 0 }), partBytes > 0, requestDeadline > .zero, connectDeadline > .zero
        else {
            throw .invalid("partBytes", "out_of_range", "Limits of an object store are greater than nothing.")
        }
        guard !credentials.accessKey.isEmpty, !credentials.secretKey.isEmpty, !region.isEmpty else {
            throw .invalid("credentials", "missing", "An object store needs a region and keys.")
        }
    }

    fileprivate var transport: HTTPClient.Configuration {
        let silence = TimeAmount.milliseconds(requestDeadline.inMilliseconds)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .milliseconds(connectDeadline.inMilliseconds), read: silence, write: silence),
            connectionPool: .init(
                idleTimeout: .seconds(20), concurrentHTTP1ConnectionsPerHostSoftLimit: maximumConnections),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A refused connection fails at once: repeating is the client's, which counts.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}
