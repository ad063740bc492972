import Foundation
import Hummingbird
import HummingbirdCore
import Identity
import Kernel
import Logging
import NIOCore
import Profiles
import Sockets
import Telemetry

/// The public listener: all routes of the product.
struct APIServer: Sendable {
    let profile: Profile
    let backend: Backend
    let domain: Domain
    let authenticator: Authenticator
    let revocations: Revocations
    /// Where the process has role `chat`.
    let chat: LiveChat?
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
        let house = LiveChat.House(
            profile: profile, backend: backend, domain: domain, authenticator: authenticator,
            metrics: metrics, logger: logger)
        let chat = profile.roles.contains(.chat) ? LiveChat(house) : nil
        self.chat = chat
        revocations = Revocations(
            authenticator: authenticator, pubSub: backend.pubSub, logger: logger,
            ended: { chat?.hub.tell(.sessionEnded($0.uuid)) })
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
            router: router, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(http.host, port: http.port), serverName: "CloudStream",
                availableConnectionsDelegate: MaximumAvailableConnections(http.maximumConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? http.port
                logger.info("serving", metadata: ["url": "http://\(http.host):\(port)", "port": "\(port)"])
            }, logger: logger)
    }

    /// With the way to live connections, if this process has any.
    private var server: HTTPServerBuilder {
        let http = profile.http
        guard let chat else { return .http1(configuration: http.channel) }
        let upgrade = ChatUpgrade(
            hub: chat.hub, origins: Set([http.publicURL] + http.allowedOrigins),
            maximumConnections: profile.chat.maximumConnections, checkCaller: backend.checkCaller,
            clientAddress: ClientAddress(trustedProxies: http.trustedProxies), metrics: metrics,
            logger: logger)
        return HTTPServerBuilder { responder in
            UpgradableHTTPChannel(responder: responder, configuration: http.channel, upgrade: upgrade)
        }
    }

    func table() throws -> RouteTable {
        return RouteTable(
            routes: try routes(), authenticator: authenticator,
            readYourWrites: ReadYourWrites(positions: backend.sessionPositions),
            limits: .init(
                maximumBodyBytes: profile.http.maximumBodyBytes.asInt, digest: backend.requestDigest),
            deadline: profile.http.requestDeadline)
    }

    private var reviewRoutes: [Route] {
        let identity = backend.identity
        let names: PeopleNames = { tenant, people in
            try await identity.read(tenant) { reader in
                let users = try reader.users(Array(people))
                return Dictionary(users.map { ($0.id, $0.name) }) { first, _ in first }
            }
        }
        return ReviewRoutes(reviews: domain.reviews, names: names).routes
            + ShareRoutes(
                shares: domain.shares, signer: backend.playbackSigner,
                limit: ShareLimit(limiter: backend.rateLimiter), publicURL: profile.http.publicURL,
                names: names
            ).routes
    }

    private func routes() throws -> [Route] {
        let schemas = profile.http.schemas
        let openAPI = ByteBuffer(bytes: try Data(contentsOf: URL(filePath: schemas + "/openapi.json")))
        let system = SystemRoutes(
            readiness: Readiness(backend.health), publicKeys: backend.tokens.publicKeys,
            catalogue: try SchemaCatalogue(folder: schemas), openAPI: openAPI
        ).routes
        let chatRoutes = chat == nil ? [] : [LiveChat.route]
        // A process of role `chat` alone has no business with the rest.
        guard profile.roles.contains(.api) else { return system + chatRoutes }
        let signIns = SignInLimit(
            limiter: backend.rateLimiter, perMinute: profile.identity.signInAttempts.perMinute)
        let events = SessionEvents(authenticator: authenticator, positions: backend.sessionPositions)
        let feed = VideoEventStream(
            library: domain.library, notices: domain.notices, signer: backend.playbackSigner, events: events)
        return IdentityRoutes(
            accounts: domain.accounts, signInLimit: signIns, publicURL: profile.http.publicURL
        ).routes
            + SessionRoutes(accounts: domain.accounts, revocations: revocations, signInLimit: signIns).routes
            + VideoRoutes(library: domain.library, signer: backend.playbackSigner, feed: feed).routes
            + RoomRoutes(rooms: domain.rooms).routes
            + PollRoutes(polls: domain.polls).routes
            + reviewRoutes
            + SearchRoutes(searching: domain.searching).routes
            + FeedRoutes(
                feed: domain.feed,
                stream: NotificationStream(
                    feed: domain.feed, notices: domain.notificationNotices, events: events)
            ).routes
            + HomeRoutes(
                parts: .init(domain), signer: backend.playbackSigner, deadline: profile.feed.homeDeadline,
                metrics: metrics
            ).routes
            + PlaybackRoutes(
                playback: domain.playback, endpoint: backend.objectEndpoint,
                slowStart: profile.http.idleTimeout
            ).routes
            + system + chatRoutes
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
