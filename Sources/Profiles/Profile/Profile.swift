/// One topology: which adapters, with which limits. Decoded whole or not at all.
package struct Profile: Sendable, Equatable {
    /// For people; nothing depends on it.
    package let name: String
    package let roles: Set<ProcessRole>
    package let directory: DirectorySettings
    package let http: HTTPSettings
    package let admin: AdminSettings
    package let relational: RelationalChoice
    package let objects: ObjectsChoice
    package let events: EventsChoice
    package let consumer: ConsumerSettings
    package let jobs: JobsChoice
    package let cache: CacheChoice
    package let pubsub: PubSubChoice
    package let rateLimits: RateLimitsChoice
    package let identity: IdentitySettings
    package let uploads: UploadSettings
    package let media: MediaChoice
    package let playback: PlaybackSettings
    package let telemetry: TelemetrySettings
    package let scheduler: SchedulerSettings
    package let chat: ChatSettings
    package let review: ReviewSettings
    package let registry: RegistrySettings
    package let gateway: GatewayListenerSettings
    package let scaling: ScalingSettings
    package let feed: FeedSettings
    package let mail: MailChoice
    package let search: SearchSettings
    package let services: ServicesChoice
    package let secrets: SecretSettings
}

extension Profile: ProfileSection {
    init(reading root: inout SectionReader) {
        name = root.value("profile", "Name for people; nothing depends on it.", .text)
        roles = root.value("roles", "What this process does.", .roles)
        directory = root.section("directory", "Where the tenants of this deployment live.")
        http = root.section("http", "The public listener.")
        admin = root.section("admin", "The listener for metrics and debugging.")
        relational = root.section("relational", "Where rows are kept.")
        objects = root.section("objects", "Where files are kept.")
        let log: EventsSection = root.section("events", "The log of events and those who read it.")
        events = log.adapter
        consumer = log.consumer
        jobs = root.section("jobs", "The queue of long work.")
        cache = root.section("cache", "Values that may vanish at any time.")
        pubsub = root.section("pubsub", "Messages to whoever listens now.")
        rateLimits = root.section("rateLimits", "Budgets of requests.")
        identity = root.section("identity", "Accounts, tokens and passwords.")
        uploads = root.section("uploads", "What clients may upload.")
        media = root.section("media", "How videos are converted.")
        playback = root.section("playback", "Signed addresses for players.")
        telemetry = root.section("telemetry", "Logs.")
        scheduler = root.section("scheduler", "Chores by the clock.")
        chat = root.optionalSection("chat", "Rooms, messages and live connections.")
        review = root.optionalSection("review", "Comments on videos, and verdicts on them.")
        registry = root.optionalSection("registry", "How processes find each other.")
        gateway = root.optionalSection("gateway", "The listener of role gateway.")
        scaling = root.optionalSection("scaling", "The workers that role scaler keeps.")
        feed = root.optionalSection("feed", "The activities of teams, and what people are told.")
        mail = root.optionalSection("mail", "Who delivers letters.")
        search = root.optionalSection("search", "How much of the relational store searches may take.")
        services = root.optionalSection("services", "How services know each other.")
        secrets = root.optionalSection("secrets", "How secret files are treated.")
        checkAcrossSections(&root)
    }

    private func checkAcrossSections(_ root: inout SectionReader) {
        root.require(
            ["admin.port", "admin.host", "http.port", "http.host"],
            !admin.address.collides(with: http.address),
            "\(admin.address) is taken by http (\(http.address)); two listeners need two ports")
        relational.check(against: http, &root)
        search.check(against: relational, &root)
        checkPorts(&root)
        checkFit(&root)
    }

    private func checkPorts(_ root: inout SectionReader) {
        if registry.register, roles.contains(.api) || roles.contains(.chat) {
            root.require(
                ["http.port", "registry.register"], http.port != 0,
                "must be a port that others can be told, as registry.register is true")
        }
        guard roles.contains(.gateway) else { return }
        root.require(
            ["gateway.port", "gateway.host", "admin.port", "admin.host"],
            !gateway.address.collides(with: admin.address),
            "\(gateway.address) is taken by admin (\(admin.address)); two listeners need two ports")
        guard roles.contains(.api) else { return }
        root.require(
            ["gateway.port", "gateway.host", "http.port", "http.host"],
            !gateway.address.collides(with: http.address),
            "\(gateway.address) is taken by http (\(http.address)); two listeners need two ports")
    }

    /// What one adapter needs of another.
    private func checkFit(_ root: inout SectionReader) {
        if case .sqlite = relational {
            root.require(
                ["directory.isolation", "directory.isolationsOnRequest", "relational.sqlite"],
                !directory.offers(.schema) && !directory.offers(.database),
                "needs relational.postgres: SQLite has no schemas (SQLDriver)")
        }
        if case .postgres(let servers) = relational, directory.offers(.database) {
            root.require(
                ["directory.isolation", "directory.isolationsOnRequest", "relational.postgres.databases"],
                !servers.databases.isEmpty,
                "needs databases to give away: name them under relational.postgres.databases")
        }
        if case .s3 = objects {
            root.require(
                ["uploads.partBytes", "objects.s3"], uploads.partBytes >= .mebibytes(5),
                "must be at least 5MiB: smaller parts, but for the last, are refused by S3")
        }
        if case .postgres = relational, case .inProcess = events {
            root.require(
                ["events.inProcess", "relational.postgres"], false,
                "EventLog as a table needs commits that take turns, which relational.postgres (SQLDriver) cannot"
                    + " promise; use events.kafka")
        }
    }
}
