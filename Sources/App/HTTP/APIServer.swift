import Foundation
import Hummingbird
import HummingbirdCore
import Identity
import Kernel
import Logging
import NIOCore
import Profiles
import Telemetry

/// The public listener: all routes of the product.
struct APIServer: Sendable {
    let profile: Profile
    let backend: Backend
    let domain: Domain
    let authenticator: Authenticator
    let revocations: Revocations
    let inFlight: InFlight
    let metrics: MetricRegistry
    let logger: Logger

    init(
        profile: Profile, backend: Backend, domain: Domain, inFlight: InFlight, metrics: MetricRegistry,
        logger: Logger
    ) {
        self.profile = profile
        self.backend = backend
        self.domain = domain
        self.inFlight = inFlight
        self.metrics = metrics
        self.logger = logger
        authenticator = Authenticator(
            tokens: backend.tokens, accounts: domain.accounts, directory: backend.directory,
            capacity: profile.identity.verifiedTokenCache)
        revocations = Revocations(authenticator: authenticator, pubSub: backend.pubSub, logger: logger)
    }

    func application() throws -> some ApplicationProtocol {
        let http = profile.http
        let router = try table().router(
            Gateway(
                metrics: metrics, inFlight: inFlight,
                allowedOrigins: Set(http.allowedOrigins),
                clientAddress: ClientAddress(trustedProxies: http.trustedProxies),
                checkCaller: backend.checkCaller))
        return Application(
            router: router, server: .http1(configuration: http.channel),
            configuration: ApplicationConfiguration(
                address: .hostname(http.host, port: http.port), serverName: "CloudStream",
                availableConnectionsDelegate: MaximumAvailableConnections(http.maximumConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? http.port
                logger.info("serving", metadata: ["url": "http://\(http.host):\(port)", "port": "\(port)"])
            }, logger: logger)
    }

    func table() throws -> RouteTable {
        return RouteTable(
            routes: try routes(), authenticator: authenticator,
            readYourWrites: ReadYourWrites(positions: backend.sessionPositions),
            limits: .init(
                maximumBodyBytes: profile.http.maximumBodyBytes.asInt, digest: backend.requestDigest),
            deadline: profile.http.requestDeadline)
    }

    private func routes() throws -> [Route] {
        let schemas = profile.http.schemas
        let openAPI = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: schemas + "/openapi.json")))
        let signIns = SignInLimit(
            limiter: backend.rateLimiter, perMinute: profile.identity.signInAttempts.perMinute)
        let feed = VideoEventStream(
            library: domain.library, notices: domain.notices, signer: backend.playbackSigner)
        return IdentityRoutes(
            accounts: domain.accounts, revocations: revocations, signInLimit: signIns,
            publicURL: profile.http.publicURL
        ).routes
            + VideoRoutes(library: domain.library, signer: backend.playbackSigner, feed: feed).routes
            + SearchRoutes(searching: domain.searching).routes
            + PlaybackRoutes(
                playback: domain.playback, endpoint: backend.objectEndpoint,
                slowStart: profile.http.idleTimeout
            ).routes
            + SystemRoutes(
                readiness: Readiness(backend.health), publicKeys: backend.tokens.publicKeys,
                catalogue: try SchemaCatalogue(folder: schemas), openAPI: openAPI
            ).routes
            + (try PageRoutes(folder: profile.http.web, objectOrigin: backend.objectOrigin)).routes
    }
}

extension HTTPSettings {
    /// Bounds of one connection.
    var channel: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            idleTimeout: .milliseconds(idleTimeout.inMilliseconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: maximumHeaderBytes.asInt, maxHeaderListSize: maximumHeaderBytes.asInt,
                maxHeaderFieldCount: 100))
    }
}
