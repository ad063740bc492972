// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "cloudstream",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "app", targets: ["App"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Domain: values, rules, ports, use cases.
        .target(name: "Kernel", dependencies: [.nioCore], path: "Sources/Domain/Kernel"),
        .target(name: "Identity", dependencies: ["Kernel"], path: "Sources/Domain/Identity"),
        .target(name: "Videos", dependencies: ["Kernel", .nioCore], path: "Sources/Domain/Videos"),
        .target(name: "Search", dependencies: ["Kernel"], path: "Sources/Domain/Search"),
        .target(name: "Chat", dependencies: ["Kernel", .nioCore], path: "Sources/Domain/Chat"),
        .target(name: "Feed", dependencies: ["Kernel"], path: "Sources/Domain/Feed"),
        .target(name: "Polls", dependencies: ["Kernel"], path: "Sources/Domain/Polls"),

        // Storage adapters.
        .target(
            name: "Relational",
            dependencies: ["Kernel", "Identity", "Chat", "Feed", "Polls", "Search", "Videos", .crypto],
            path: "Sources/Storage/Relational"),
        .systemLibrary(name: "CSQLite", path: "Sources/Storage/CSQLite", pkgConfig: "sqlite3"),
        .target(
            name: "SQLite", dependencies: ["CSQLite", "Kernel", "Relational"], path: "Sources/Storage/SQLite"),
        .systemLibrary(name: "CPostgres", path: "Sources/Storage/CPostgres", pkgConfig: "libpq"),
        .target(
            name: "Postgres", dependencies: ["CPostgres", "Kernel", "Relational", .log],
            path: "Sources/Storage/Postgres"),
        .target(name: "Memory", dependencies: ["Kernel"], path: "Sources/Storage/Memory"),
        .systemLibrary(name: "CHiredis", path: "Sources/Storage/CHiredis"),
        .target(
            name: "Redis", dependencies: ["CHiredis", "Kernel", .nioCore, .nioPosix, .nioSSL, .log],
            path: "Sources/Storage/Redis"),
        .target(
            name: "FileObjects", dependencies: ["Kernel", .nioCore, .nioPosix, .crypto],
            path: "Sources/Storage/Objects/Files"),
        .target(
            name: "S3Objects",
            dependencies: ["Kernel", .nioCore, .nioPosix, .nioHTTP1, .crypto, .asyncHTTPClient, .log],
            path: "Sources/Storage/Objects/S3"),

        // Queues.
        .target(
            name: "InProcess", dependencies: ["Kernel", "Relational", .log], path: "Sources/Queue/InProcess"),

        .systemLibrary(name: "CRdkafka", path: "Sources/Queue/CRdkafka"),
        .target(name: "Kafka", dependencies: ["CRdkafka", "Kernel", .log], path: "Sources/Queue/Kafka"),

        // Between processes: breakers and budgets around ports; the gateway's reverse proxy.
        .target(name: "Resilience", dependencies: ["Kernel"]),
        .target(name: "CResolver"),
        .target(
            name: "Proxy",
            dependencies: [
                "CResolver", "Kernel", "Resilience", .nioCore, .nioPosix, .nioHTTP1, .log, .lifecycle,
            ]),

        // Live connections: WebSockets and what goes out over many of them.
        .target(
            name: "Sockets",
            dependencies: [
                "Chat", "Kernel", .nioCore, .nioHTTP1, .nioWebSocket, .log,
                .product(name: "NIOExtras", package: "swift-nio-extras"),
            ]),

        // Mail.
        .target(
            name: "SMTP", dependencies: ["Kernel", .nioCore, .nioPosix, .nioSSL, .log],
            path: "Sources/Mail/SMTP"),
        .target(name: "MailFolder", dependencies: ["Kernel"], path: "Sources/Mail/Folder"),

        // Media: libav in a confined child process.
        .systemLibrary(name: "CLibAV", path: "Sources/Media/CLibAV"),
        .target(name: "CMediaShim", dependencies: ["CLibAV"], path: "Sources/Media/CMediaShim"),
        .target(name: "CConfinement", path: "Sources/Media/CConfinement"),
        .target(
            name: "LibAV", dependencies: ["CLibAV", "CMediaShim", "Videos"], path: "Sources/Media/LibAV"),
        .target(
            name: "MediaWorker", dependencies: ["CConfinement", "Kernel", "LibAV", "Videos"],
            path: "Sources/Media/MediaWorker"),

        .target(name: "Telemetry", dependencies: ["Kernel", .log]),
        .target(
            name: "Security",
            dependencies: [
                "Kernel", "Identity", "Videos", .crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ]),

        // Assembly: the only importer of adapters.
        .target(
            name: "Profiles",
            dependencies: [
                "Kernel", "Identity", "Chat", "Feed", "Polls", "Search", "Videos", "Relational", "SQLite",
                "Memory", "FileObjects", "SMTP", "MailFolder", "InProcess", "MediaWorker", "Security",
                "Telemetry", "Postgres", "Redis", "S3Objects", "Kafka", "Proxy", "Resilience", .log,
                .lifecycle, .crypto, .nioCore, .nioPosix,
                .product(name: "Yams", package: "Yams"),
            ]),
        .executableTarget(
            name: "App",
            dependencies: [
                "Kernel", "Identity", "Chat", "Feed", "Polls", "Search", "Videos", "Profiles", "Proxy",
                "Resilience",
                "Sockets", "Telemetry",
                .log, .lifecycle,
                .nioCore, .nioWebSocket, .crypto,
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .nioHTTP1,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),

        .target(
            name: "Cluster", dependencies: ["Kernel", .crypto, .nioCore, .nioPosix], path: "bench/Cluster",
            exclude: ["mail-server.py", "wheels.txt"]),
        .target(name: "CEpoll", path: "bench/CEpoll"),
        .target(name: "CProduce", path: "bench/CProduce", linkerSettings: [.linkedLibrary("rdkafka")]),
        .executableTarget(
            name: "bench",
            dependencies: [
                "CEpoll", "CHiredis", "CPostgres", "CProduce", "CSQLite", "Cluster", "InProcess", "Kafka",
                "Kernel", "MediaWorker", "Postgres", "Redis", "Relational", "Search", "SQLite", "Videos",
                .log, .nioCore, .nioPosix,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "bench/Sources"),

        // Tests. Fixtures first.
        .target(
            name: "TestDatabase",
            dependencies: ["Kernel", "Postgres", "Relational", "SQLite", "TestTime", .log],
            path: "Tests/Fixtures/TestDatabase"),
        .target(name: "MockKafka", dependencies: ["CRdkafka"], path: "Tests/Fixtures/MockKafka"),
        .target(
            name: "TestSocket", dependencies: ["TestTime", .nioCore, .nioPosix],
            path: "Tests/Fixtures/TestSocket"),
        .target(name: "CSpawn", path: "Tests/Fixtures/CSpawn"),
        .target(name: "TestProcess", dependencies: ["CSpawn"], path: "Tests/Fixtures/TestProcess"),
        .target(name: "TestTime", dependencies: ["Resilience"], path: "Tests/Fixtures/TestTime"),
        .executableTarget(
            name: "postgres-exit-fixture", dependencies: ["Postgres"], path: "Tests/Fixtures/PostgresExit"),
        .executableTarget(
            name: "sqlite-writer-fixture", dependencies: ["Kernel", "Relational", "SQLite"],
            path: "Tests/Fixtures/SQLiteWriter"),
        .testTarget(name: "ArchitectureTests"),
        .testTarget(
            name: "AppTests",
            dependencies: [
                "App", "Chat", "Cluster", "Feed", "Identity", "InProcess", "Kernel", "Memory", "Postgres",
                "Profiles", "Relational", "Resilience", "S3Objects", "SQLite", "Sockets", "Telemetry",
                "TestDatabase", "TestProcess", "TestSocket", .crypto, .log, .nioCore, .nioPosix,
            ]),
        .testTarget(
            name: "BenchTests",
            dependencies: [
                "bench", "Cluster", "Kernel", "Search", .nioCore,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "bench/Tests"),
        .testTarget(
            name: "ContractTests",
            dependencies: [
                "Kernel", "Identity", "Chat", "Feed", "Polls", "Search", "Videos", "Relational", "SQLite",
                "Memory", "FileObjects", "SMTP", "MailFolder", "InProcess", "Postgres", "Redis", "S3Objects",
                "Kafka", "MockKafka", "Proxy", "TestDatabase", .nioCore, .nioPosix, .crypto, .log,
                .asyncHTTPClient,
            ], exclude: ["GoldenEvents"]),
        .testTarget(
            name: "FileObjectsTests",
            dependencies: ["FileObjects", "Kernel", "TestProcess", .nioCore, .crypto]),
        .testTarget(
            name: "InProcessTests",
            dependencies: ["InProcess", "Kernel", "Relational", "SQLite", "TestDatabase", .log]),
        .testTarget(
            name: "ClusterTests", dependencies: ["Cluster", "Kernel", .nioCore, .nioPosix]),
        .testTarget(
            name: "KafkaTests",
            dependencies: [
                "CRdkafka", "Kafka", "MockKafka", "InProcess", "Kernel", "Relational", "SQLite",
                "TestDatabase", .log,
            ]),
        .testTarget(
            name: "PostgresTests",
            dependencies: [
                "postgres-exit-fixture",
                "Cluster", "Postgres", "Relational", "Search", "Identity", "Videos", "InProcess", "Kernel",
                "TestDatabase", "TestProcess", .log,
            ]),
        .testTarget(
            name: "ProxyTests",
            dependencies: ["Proxy", "Resilience", "Kernel", .nioCore, .nioPosix, .nioHTTP1, .log, .lifecycle]),
        .testTarget(
            name: "RedisTests",
            dependencies: [
                "Redis", "Resilience", "Memory", "Cluster", "Kernel", "TestProcess", "TestTime",
                .nioCore, .nioPosix, .nioSSL, .log,
            ]),
        .testTarget(
            name: "ResilienceTests", dependencies: ["Resilience", "Kernel", "TestTime", .nioCore]),
        .testTarget(
            name: "S3ObjectsTests",
            dependencies: [
                "S3Objects", "Kernel", .nioCore, .nioPosix, .nioHTTP1, .crypto, .asyncHTTPClient, .log,
            ]),
        .testTarget(name: "LibAVTests", dependencies: ["LibAV", "TestProcess", "Videos"]),
        .testTarget(
            name: "MediaWorkerTests", dependencies: ["MediaWorker", "TestDatabase", "TestProcess", "Videos"]),
        .testTarget(
            name: "ProfilesTests",
            dependencies: ["Profiles", "Kernel", "Search", "TestDatabase", "TestTime", .crypto]),
        .testTarget(
            name: "RelationalTests",
            dependencies: ["Relational", "Kernel", "Search", "SQLite", "TestDatabase"]),
        .testTarget(
            name: "SQLiteTests",
            dependencies: [
                "SQLite", "Relational", "Kernel", "TestDatabase", "TestProcess", "sqlite-writer-fixture",
            ]),
        .testTarget(
            name: "IdentityTests",
            dependencies: ["Identity", "Kernel", "Relational", "Security", "SQLite", "TestDatabase", .crypto]),
        .testTarget(name: "SearchTests", dependencies: ["Search", "Kernel"]),
        .testTarget(
            name: "ChatTests",
            dependencies: [
                "Chat", "Kernel", "Memory", "Postgres", "Relational", "SQLite", "TestDatabase", .nioCore,
            ]),
        .testTarget(
            name: "SocketsTests",
            dependencies: [
                "Sockets", "Chat", "Kernel", "Memory", "TestSocket", "TestTime", .nioCore, .nioPosix,
                .nioHTTP1, .nioWebSocket, .log,
            ]),
        .testTarget(name: "PollsTests", dependencies: ["Polls", "Kernel"]),
        .testTarget(
            name: "FeedTests",
            dependencies: ["Feed", "Kernel", "Memory", "Relational", "SQLite", "TestDatabase"]),
        .testTarget(
            name: "MailTests",
            dependencies: [
                "SMTP", "MailFolder", "Cluster", "Kernel", "TestDatabase", "TestProcess", "TestTime",
                .nioCore, .nioPosix, .nioSSL, .log,
            ]),
        .testTarget(name: "KernelTests", dependencies: ["Kernel", .nioCore]),
        .testTarget(
            name: "SecurityTests",
            dependencies: [
                "Security", "Identity", "Kernel", "Videos", .crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", "Kernel", .log]),
        .testTarget(
            name: "VideosTests",
            dependencies: [
                "Videos", "Kernel", "FileObjects", "InProcess", "Memory", "Relational", "Security",
                "SQLite", "TestDatabase", "TestProcess", .nioCore, .crypto,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

extension Target.Dependency {
    static let nioCore = Self.product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = Self.product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1 = Self.product(name: "NIOHTTP1", package: "swift-nio")
    static let nioWebSocket = Self.product(name: "NIOWebSocket", package: "swift-nio")
    static let nioSSL = Self.product(name: "NIOSSL", package: "swift-nio-ssl")
    static let asyncHTTPClient = Self.product(name: "AsyncHTTPClient", package: "async-http-client")
    static let log = Self.product(name: "Logging", package: "swift-log")
    static let lifecycle = Self.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let crypto = Self.product(name: "Crypto", package: "swift-crypto")
}

for target in package.targets where target.type != .system {
    let isC = target.name.hasPrefix("C") && target.name.dropFirst().first?.isUppercase == true
    if isC { continue }
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
