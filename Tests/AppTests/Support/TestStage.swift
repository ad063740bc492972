import Crypto
import Foundation
import TestProcess
import Testing

/// The stage whose acceptance is under test: the same tests run against each, named by `CLOUDSTREAM_PROFILE`.
struct TestStage: Sendable {
    let profile: String
    /// The roles of each process, in the order in which they start.
    let processes: [[String]]
    /// Sections of adapters that this stage does not have; settings of tests that move them mean nothing here.
    private let absentSections: [String]

    static let current =
        ProcessInfo.processInfo.environment["CLOUDSTREAM_PROFILE"] == "series-a" ? seriesA : seed

    static let seed = TestStage(
        profile: "seed", processes: [["api", "chat", "worker", "projector", "scheduler", "relay"]],
        absentSections: ["events.kafka", "relational.postgres", "objects.s3", "mail.smtp"])

    static let seriesA = TestStage(
        profile: "series-a",
        processes: [
            ["api"], ["api"], ["chat"], ["chat"], ["worker"], ["projector", "relay", "scheduler"],
            ["gateway"],
        ],
        absentSections: ["events.inProcess", "relational.sqlite", "objects.files", "mail.folder"])

    var file: String { RunningApp.repository.path(percentEncoded: false) + "profiles/\(profile).yaml" }
    var hasGateway: Bool { processes.contains(["gateway"]) }

    /// The processes of a program that has only `roles`; the gateway comes with the api.
    func processes(of roles: String?) -> [[String]] {
        guard let roles = roles?.split(separator: ",").map(String.init) else { return processes }
        return processes.map { $0.filter { roles.contains($0) || $0 == "gateway" && roles.contains("api") } }
            .filter { !$0.isEmpty }
    }

    func meaningful(_ settings: [String]) -> [String] {
        settings.filter { setting in !absentSections.contains { setting.hasPrefix($0 + ".") } }
    }
}

/// What one running program has to itself within the servers of its stage.
struct StagePlace: Sendable {
    let environment: [String: String]
    let settings: [String]
    let database: String?

    /// Begins the keys of its objects in a bucket that others share.
    var objectPrefix: String { database.map { $0 + "/" } ?? "" }

    fileprivate static let ownerURL = "CLOUDSTREAM_POSTGRES_OWNER_URL"

    static func make(_ stage: TestStage, _ more: [String: String] = [:]) async throws -> StagePlace {
        var environment = ProcessInfo.processInfo.environment.merging(more) { _, new in new }
        guard stage.hasGateway else {
            return StagePlace(environment: environment, settings: [], database: nil)
        }
        let name = "acceptance_" + UUID().uuidString.lowercased().replacing("-", with: "")
        let template = try await MigratedTemplate.shared.name(environment)
        try await psql("CREATE DATABASE \(name) TEMPLATE \(template)", environment)
        for key in ["CLOUDSTREAM_POSTGRES_URL", ownerURL] {
            environment[key] = try onDatabase(name, try server(environment, key))
        }
        environment.merge(keys) { _, new in new }
        environment["CLOUDSTREAM_S3_PUBLIC_ENDPOINT"] = environment["CLOUDSTREAM_S3_ENDPOINT"]
        // Servers without one for mail do for all that is not about letters.
        let mail = "CLOUDSTREAM_SMTP_URL"
        environment[mail] = environment[mail] ?? "smtp://127.0.0.1:9?tls=none"
        let sections = ["cache", "pubsub", "rateLimits"]
        return StagePlace(
            environment: environment,
            settings: [
                "events.kafka.topic=\(name)", "events.kafka.partitions=2", "events.kafka.sessionTimeout=6s",
                "events.kafka.heartbeat=500ms", "events.kafka.maximumPollInterval=60s",
                "objects.s3.keyPrefix=\(name)/",
                "objects.s3.region=\(environment["CLOUDSTREAM_S3_REGION"] ?? "us-east-1")",
                "registry.heartbeat=300ms", "gateway.probeInterval=300ms",
            ]
                // Longer than a busy machine stands still: tests cut Redis off, and none has it answer late.
                + sections.flatMap { section in
                    ["keyPrefix=\(name)/", "commandDeadline=5s"].map { "\(section).redis.connection.\($0)" }
                }, database: name)
    }

    func remove() async throws {
        if let database { try await Self.drop(database, environment) }
    }

    /// Forced, since a process that was killed may leave its session behind. Refused while autovacuum, which belongs
    /// to nobody, is at work in it; so it is asked again until that is over.
    static func drop(_ database: String, _ environment: [String: String]) async throws {
        var environment = environment
        environment[ownerURL] = try onDatabase("postgres", try server(environment))
        for attempt in 1... {
            do {
                try await psql("DROP DATABASE IF EXISTS \(database) WITH (FORCE)", environment)
                return
            } catch {
                guard attempt < 40 else { throw error }
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    private static let serviceKey = Curve25519.Signing.PrivateKey()

    /// Of tests alone, and the same for all processes of one program.
    private static let keys: [String: String] = [
        "CLOUDSTREAM_TOKEN_KEY": Data((0..<32).map { UInt8($0) }).base64EncodedString(),
        "CLOUDSTREAM_PLAYBACK_KEY": Data((0..<32).map { UInt8($0 ^ 0x55) }).base64EncodedString(),
        "CLOUDSTREAM_SERVICE_KEY": serviceKey.rawRepresentation.base64EncodedString(),
        "CLOUDSTREAM_SERVICE_PUBLIC_KEYS": serviceKey.publicKey.rawRepresentation.base64EncodedString(),
    ]

    static func onDatabase(_ name: String, _ url: String) throws -> String {
        // Hosts may be many, which URLComponents does not take.
        guard let parts = url.wholeMatch(of: /(postgres(?:ql)?:\/\/[^\/]+\/)[^?]*(\?.*)?/) else {
            throw StageFailure("\(url) is no address of a database")
        }
        return parts.1 + name + (parts.2 ?? "")
    }

    /// Thrown, not required: a failed requirement counts as told, and would let the tests behind it pass.
    static func server(
        _ environment: [String: String], _ key: String = ownerURL
    ) throws -> String {
        guard let url = environment[key] else {
            throw StageFailure("\(key) is not set: start the servers and source their cluster.env")
        }
        return url
    }

    static func psql(_ statement: String, _ environment: [String: String]) async throws {
        let url = try server(environment)
        let (status, output) = try await ChildCommand.run(
            "/usr/bin/env", ["psql", url, "-v", "ON_ERROR_STOP=1", "-qc", statement], environment)
        guard status == 0 else { throw StageFailure(output) }
    }
}

/// One database with the schema in it, from which each test's is copied.
private actor MigratedTemplate {
    static let shared = MigratedTemplate()
    /// By the address of the server.
    private var making: [String: Task<String, any Error>] = [:]

    func name(_ environment: [String: String]) async throws -> String {
        let server = environment[StagePlace.ownerURL] ?? ""
        let task = making[server] ?? Task { try await make(environment) }
        making[server] = task
        return try await task.value
    }

    private func make(_ environment: [String: String]) async throws -> String {
        let name = "template_" + UUID().uuidString.lowercased().replacing("-", with: "")
        try await StagePlace.psql("CREATE DATABASE \(name)", environment)
        var environment = environment
        let url = try StagePlace.server(environment)
        environment[StagePlace.ownerURL] = try StagePlace.onDatabase(name, url)
        let (status, output) = try await ChildCommand.run(
            try RunningApp.executable.path(percentEncoded: false),
            ["migrate", TestStage.current.file, "--owner", "env:\(StagePlace.ownerURL)"], environment)
        guard status == 0 else { throw StageFailure(output) }
        return name
    }
}

/// Runs a program to its end: its exit status, or the signal that ended it, and all that it wrote.
enum ChildCommand {
    static func run(
        _ path: String, _ arguments: [String], _ environment: [String: String], in folder: URL? = nil
    ) async throws -> (Int32, String) {
        let (end, output) = try await ChildProcess.run(
            path, arguments, environment: environment, folder: folder?.path(percentEncoded: false))
        return (end.status, output)
    }
}

struct StageFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
