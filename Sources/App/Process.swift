import Chat
import Feed
import Foundation
import Hummingbird
import Identity
import Kernel
import Logging
import NIOCore
import Polls
import Profiles
import Proxy
import Resilience
import Search
import ServiceLifecycle
import Telemetry
import UnixSignals
import Videos

/// A profile at work: its backend, the use cases over it, and the services of its roles.
struct Process: Sendable {
    let profile: Profile
    let logger: Logger
    /// For the gateway.
    private let listener: InheritedListener?
    let metrics = MetricRegistry()
    private let inFlight: InFlight

    init(profile: Profile, listener: InheritedListener? = nil, logger: Logger) {
        self.profile = profile
        self.listener = listener
        self.logger = logger
        inFlight = InFlight(limit: profile.http.maximumRequestsInFlight)
    }

    /// Returns once all services have ended, after a signal or a failure.
    func run() async throws {
        let backend = try await Assembly(profile, metrics: metrics, logger: logger).backend()
        let domain = Domain(profile: profile, backend: backend, inFlight: inFlight)
        let services: [any Service]
        do {
            services = try self.services(backend, domain)
        } catch {
            await backend.machinery.close()
            throw error
        }
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = profile.http.drainDeadline
        configuration.maximumCancellationDuration = .seconds(5)
        logger.info("starting", metadata: ["roles": "\(profile.roles.map(\.rawValue).sorted())"])
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            await backend.machinery.close()
            throw error
        }
        await backend.machinery.close()
        logger.info("stopped")
    }

    /// Role by role: this is the topology. Services stop in reverse order, so that listeners go first.
    private func services(_ backend: Backend, _ domain: Domain) throws -> [any Service] {
        var services: [any Service] = backend.machinery.background.map { Background(work: $0) }
        let roles = profile.roles
        if roles.contains(.relay) { services.append(Relay(relay: backend.machinery.relay)) }
        if roles.contains(.projector) { services += projectors(backend, domain) }
        if roles.contains(.scheduler) { services.append(upkeep(backend, domain)) }
        if roles.contains(.worker) { services += workers(backend, domain) }
        if roles.contains(.scaler) { services.append(scaling(backend)) }
        services.append(
            try AdminServer(
                profile: profile, backend: backend, inFlight: inFlight, metrics: metrics, logger: logger
            ).application())
        if roles.contains(.api) || roles.contains(.chat) { services += try listener(backend, domain) }
        if roles.contains(.gateway) {
            services.append(
                GatewayRole(
                    profile: profile, listener: listener, instances: backend.discovery,
                    serviceToken: backend.serviceToken, metrics: metrics, logger: logger
                ).proxy())
        }
        return services
    }

    /// Of requests and of live connections: one port serves both.
    private func listener(_ backend: Backend, _ domain: Domain) throws -> [any Service] {
        let server = APIServer(
            profile: profile, backend: backend, domain: domain, inFlight: inFlight, metrics: metrics,
            logger: logger)
        var services: [any Service] = [server.revocations, try server.application()]
        if let chat = server.chat { services.append(chat) }
        // The last to start is the first to stop: gateways hear of it before connections are closed and the listener.
        for role in [ProcessRole.api, .chat] where profile.roles.contains(role) {
            services += registration(of: role, backend, port: profile.http.port)
        }
        return services
    }

    private func registration(of role: ProcessRole, _ backend: Backend, port: Int) -> [any Service] {
        let registry = profile.registry
        guard registry.register else { return [] }
        let instance = Instance(
            id: UUIDv7().description, role: role.rawValue,
            address: .init(host: registry.advertisedHost, port: port), weight: registry.weight,
            version: CloudStream.version)
        var settings = InstanceAnnouncement.Settings()
        settings.heartbeat = registry.heartbeat
        // Gateways look at least once in that time.
        settings.drainNotice = registry.heartbeat * 2
        return [
            InstanceAnnouncement(
                instance, in: backend.instances, settings: settings,
                measure: { [inFlight] in (.ready, inFlight.current) },
                onFailure: { [logger] in
                    logger.warning("this process could not be registered", metadata: ["error": "\($0)"])
                })
        ]
    }

    /// One for each group, so that none waits for another.
    private func projectors(_ backend: Backend, _ domain: Domain) -> [EventConsumption] {
        [
            projector(VideoReactions.group, backend) { try await domain.reactions.react(to: $0) },
            projector(RoomReactions.group, backend) { try await domain.roomReactions.apply($0) },
            projector(SearchProjection.group, backend) { try await domain.searchProjection.apply($0) },
            projector(FeedProjection.group, backend) {
                try await domain.feedProjection.apply($0, mails: backend.mail != nil)
            },
        ]
    }

    private func projector(
        _ group: String, _ backend: Backend, apply: @escaping @Sendable (Event) async throws -> Void
    ) -> EventConsumption {
        let consumer = profile.consumer
        return EventConsumption(
            group: group, log: backend.events, deadLetters: backend.deadLetters,
            settings: .init(
                batch: 64, wait: .seconds(5), maximumAttempts: consumer.maximumAttempts,
                backoff: Backoff(first: consumer.firstDelay, maximum: consumer.maximumDelay),
                handlerDeadline: consumer.handlerDeadline),
            metrics: metrics, logger: logger, apply: apply)
    }

    private func workers(_ backend: Backend, _ domain: Domain) -> [any Service] {
        let work = profile.worker
        let host = ProcessInfo.processInfo.hostName
        return (1...work.concurrentJobs).map { number in
            TranscodeWorker(
                name: "\(host)/\(ProcessInfo.processInfo.processIdentifier)/\(number)", jobs: backend.jobs,
                wakeup: backend.jobWakeup, transcoding: domain.transcoding, objects: backend.objects,
                store: backend.videos,
                settings: .init(
                    lease: work.lease, heartbeat: work.heartbeat, pollInterval: work.pollInterval,
                    backoff: work.backoff, maximumAttempts: work.maximumAttempts),
                metrics: metrics, logger: logger)
        }
    }

    private func scaling(_ backend: Backend) -> WorkerScaling {
        let scaling = profile.scaling
        var settings = ScalingPolicy.Settings()
        settings.minimum = scaling.minimum
        settings.maximum = scaling.maximum
        settings.jobsPerWorker = profile.worker.concurrentJobs
        settings.backlogPerSlot = Double(scaling.backlogPerWorker) / Double(profile.worker.concurrentJobs)
        settings.maximumAge = scaling.maximumAge
        settings.outCooldown = scaling.outCooldown
        settings.inCooldown = scaling.inCooldown
        settings.calm = scaling.calm
        return WorkerScaling(
            pool: .ofThisProgram(logger: logger), jobs: backend.jobs, kind: Transcoding.jobKind,
            settings: settings, interval: scaling.interval, logger: logger)
    }

    private func upkeep(_ backend: Backend, _ domain: Domain) -> Upkeep {
        Upkeep(
            chores: [
                .init("expire-uploads", every: profile.scheduler.expireUploads) {
                    for reference in try await domain.library.expiredUploads(limit: 100) {
                        try await domain.library.expire(reference)
                    }
                },
                .init("remove-expired", every: profile.scheduler.removeExpired) {
                    try await backend.machinery.removeExpired()
                },
            ] + mailChores(backend), holds: backend.machinery.holdsLease, logger: logger)
    }
}

/// The use cases of all contexts over one backend.
struct Domain: Sendable {
    let accounts: Accounts
    let library: VideoLibrary
    let playback: Playback
    let reviews: Reviews
    let shares: Shares
    let notices: VideoNotices
    let reactions: VideoReactions
    let transcoding: Transcoding
    let rooms: Rooms
    let polls: Polls
    let roomNotices: RoomNotices
    let roomReactions: RoomReactions
    let searching: Searching
    let searchProjection: SearchProjection
    let feed: TeamFeed
    let feedProjection: FeedProjection
    let notificationNotices: NotificationNotices

    init(profile: Profile, backend: Backend, inFlight: InFlight) {
        let identity = profile.identity
        let uploads = profile.uploads
        notices = VideoNotices(backend.pubSub)
        accounts = Accounts(
            store: backend.identity, passwords: backend.passwords, tokens: backend.tokens,
            settings: .init(
                region: profile.directory.region, shard: profile.directory.shard,
                isolation: profile.directory.isolation.placement,
                isolationsOnRequest: Set(profile.directory.isolationsOnRequest.map(\.placement)),
                refreshLifetime: identity.refreshTokenLifetime,
                invitationLifetime: identity.invitationLifetime))
        library = VideoLibrary(
            store: backend.videos, parts: backend.uploads, objects: backend.objects,
            limits: .init(
                partBytes: uploads.partBytes.bytes, maximumParts: uploads.maximumParts,
                maximumBytes: uploads.maximumBytes.bytes, tenantBytes: uploads.tenantBytes.bytes,
                uploadLifetime: uploads.lifetime, partURLLifetime: uploads.partURLLifetime,
                maximumOpenUploads: uploads.maximumOpenPerTenant))
        let threshold = profile.http.maximumRequestsInFlight * profile.playback.shedTopRenditionAt / 100
        let reviews = Reviews(
            store: backend.reviews, notices: notices, limiter: backend.rateLimiter,
            changesPerMinute: profile.review.changesPerMinute)
        let shares = Shares(
            store: backend.reviews, reviews: reviews, tokens: backend.shareTokens,
            passwords: .init(
                hash: { try await backend.passwords.hash($0) },
                verify: { try await backend.passwords.verify($0, against: $1) }))
        (self.reviews, self.shares) = (reviews, shares)
        playback = Playback(
            objects: backend.objects, signer: backend.playbackSigner,
            isShareOpen: { try await shares.isOpen($0, in: $1) },
            isUnderPressure: { inFlight.current >= max(1, threshold) })
        reactions = VideoReactions(
            jobs: backend.jobs, objects: backend.objects, uploads: backend.uploads,
            reviews: backend.reviews, notices: notices)
        let roomNotices = RoomNotices(backend.pubSub)
        let neighbours = RoomNeighbours(backend)
        let rooms = Rooms(
            store: backend.chat, notices: roomNotices, limiter: backend.rateLimiter,
            neighbours: neighbours, limits: profile.chat.limits)
        self.roomNotices = roomNotices
        self.rooms = rooms
        polls = Polls(store: backend.polls, place: .rooms(rooms, roomNotices))
        roomReactions = RoomReactions(store: backend.chat, notices: roomNotices, neighbours: neighbours)
        searching = Searching(index: backend.search, circles: rooms.circles)
        searchProjection = SearchProjection(backend)
        let pages = FeedPages(backend, lifetime: profile.feed.pageLifetime)
        notificationNotices = NotificationNotices(backend.pubSub)
        feed = TeamFeed(store: backend.feed, pages: pages)
        feedProjection = FeedProjection(
            store: backend.feed, pages: pages, notices: notificationNotices, owners: FeedOwners(backend))
        transcoding = Transcoding(
            store: backend.videos, objects: backend.objects, engine: backend.media, jobs: backend.jobs,
            notices: notices, files: backend.localFiles,
            settings: .init(
                limits: backend.mediaLimits, scratch: profile.worker.scratch, lease: profile.worker.lease))
    }
}

/// The role that moves events from the outbox to the log.
private struct Relay: Service {
    let relay: @Sendable () async throws -> Void

    func run() async throws { try await cancelWhenGracefulShutdown { try await relay() } }
}

/// Work of the backend's own, as long as the process lives.
private struct Background: Service {
    let work: @Sendable () async -> Void

    func run() async throws { await cancelWhenGracefulShutdown { await work() } }
}

extension IsolationChoice {
    fileprivate var placement: TenantPlacement.Isolation {
        switch self {
        case .shared: .shared
        case .schema: .schema
        case .database: .database
        }
    }
}
