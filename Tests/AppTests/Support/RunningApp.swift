import Cluster
import Foundation
import FoundationNetworking
import Logging
import NIOPosix
import Postgres
import Relational
import S3Objects
import SQLite
import Synchronization
import TestDatabase
import Testing

/// The built program, running in a temporary folder on free ports, in as many processes as its stage has; gone with its
/// folder when it is let go.
///
/// Unchecked: tests use one from one task at a time.
final class RunningApp: @unchecked Sendable {
    let folder: URL
    /// Where clients come in.
    let port: Int
    let place: StagePlace
    private let settings: [String]
    /// Shared by several gateways, and held here, so that they can be replaced.
    private let entrance: ListeningSocket?
    let processes: [ProgramProcess]

    var base: URL { URL(string: "http://127.0.0.1:\(port)")! }
    /// Of a process that answers the API.
    var adminPort: Int { processes.first { $0.roles.contains("api") }?.adminPort ?? 0 }

    /// Starts and waits until it is ready.
    static func start(
        _ settings: [String] = [], roles: String? = nil, environment: [String: String] = [:],
        gateways: Int = 1
    ) async throws -> RunningApp {
        let app = try await RunningApp(settings, roles: roles, environment: environment, gateways: gateways)
        do { try await app.launch() } catch {
            app.destroy()
            throw error
        }
        return app
    }

    /// Runs `body` against a fresh program, and stops it in any case.
    static func with<Value>(
        _ settings: [String] = [], environment: [String: String] = [:], gateways: Int = 1,
        _ body: (RunningApp) async throws -> Value
    ) async throws -> Value {
        let app = try await start(settings, environment: environment, gateways: gateways)
        defer { app.destroy() }
        return try await body(app)
    }

    /// Runs `body` against the one program that many tests share, each with teams of its own. Such a test changes
    /// neither its processes nor what all teams have in common.
    static func shared<Value>(_ body: (RunningApp) async throws -> Value) async throws -> Value {
        try await body(try await SharedApp.only.app)
    }

    /// `environment` names servers of the test's own.
    init(
        _ settings: [String] = [], roles: String? = nil, sharing other: RunningApp? = nil,
        environment: [String: String] = [:], gateways: Int = 1
    ) async throws {
        let stage = TestStage.current
        folder =
            other?.folder
            ?? FileManager.default.temporaryDirectory.appending(path: "cloudstream-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let other { place = other.place } else { place = try await StagePlace.make(stage, environment) }
        self.settings = place.settings + stage.meaningful(settings)
        let port = try PortChoice.takeOne()
        self.port = port
        let isWhole = roles == nil && stage.processes.count == 1
        let entrance = gateways > 1 ? try ListeningSocket(port: port) : nil
        self.entrance = entrance
        let more = Array(repeating: ["gateway"], count: gateways - 1)
        processes = try (stage.processes(of: roles) + more).map { roles in
            let isEntrance = roles.contains(stage.hasGateway ? "gateway" : "api")
            return try ProgramProcess(
                roles: roles, namesRoles: !isWhole, port: isEntrance ? port : PortChoice.takeOne(),
                listener: isEntrance ? entrance?.descriptor : nil)
        }
    }

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The program next to the test bundle.
    static var executable: URL {
        get throws {
            let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            let candidates = [
                folder.appending(path: "app"), repository.appending(path: ".build/debug/app"),
            ]
            return try #require(
                candidates.first {
                    FileManager.default.isExecutableFile(atPath: $0.path(percentEncoded: false))
                },
                "build the program first: swift build --product app")
        }
    }

    /// Starts again after `kill`, on the same ports over the same stores.
    func launch() async throws {
        for process in processes { try process.launch(self, settings) }
        for process in processes { try await process.waitUntilReady() }
        if processes.contains(where: { $0.roles == ["gateway"] }) { try await waitUntilServed() }
    }

    /// Runs another command of the program over the same stores; its status and output.
    func command(_ words: String...) async throws -> (Int32, String) {
        try await ChildCommand.run(
            Self.executable.path(percentEncoded: false),
            words + ["--profile", TestStage.current.file]
                + settings.flatMap { ["--set", $0] }, place.environment, in: folder)
    }

    /// Starts one process again, on the same ports over the same stores.
    func relaunch(_ process: ProgramProcess) async throws {
        try process.launch(self, settings)
        try await process.waitUntilReady()
    }

    /// The gateway answers for itself before it knows of instances.
    private func waitUntilServed() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let answer = try? await URLSession.shared.data(from: base.appending(path: "livez"))
            if (answer?.1 as? HTTPURLResponse)?.statusCode == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw StageFailure("the gateway found no instance: \(try log().suffix(2000))")
    }

    /// SIGKILL to every process: no chance to tidy.
    func kill() {
        for process in processes { process.signal(SIGKILL) }
        for process in processes { _ = process.waitForExit() }
    }

    /// SIGTERM to every process, then the worst exit status.
    func stop() -> Int32 {
        signal(SIGTERM)
        return waitForExit()
    }

    func signal(_ number: Int32) {
        for process in processes { process.signal(number) }
    }

    func waitForExit() -> Int32 { processes.map { $0.waitForExit() }.max { abs($0) < abs($1) } ?? -1 }

    func destroy() {
        kill()
        // What is left in the temporary folder, or of a database that goes with its server, harms nobody.
        try? FileManager.default.removeItem(at: folder)
        Tidying.begin { [place] in try? await place.remove() }
    }

    /// Resident memory in bytes, of the largest process that answers the API.
    var residentBytes: Int {
        get throws {
            try processes.filter { $0.roles.contains("api") }.map { try $0.residentBytes }.max() ?? 0
        }
    }

    /// Processes of the media worker that this program started.
    var workers: [Int32] {
        let parents = Set(processes.map { "\($0.pid)" })
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).filter { candidate in
            guard let stat = try? String(contentsOfFile: "/proc/\(candidate)/stat", encoding: .utf8),
                let afterName = stat.lastIndex(of: ")")
            else { return false }
            let fields = stat[afterName...].split(separator: " ")
            return fields.count > 2 && parents.contains(String(fields[2])) && fields[1] != "Z"
        }
    }

    /// The relational store of a program that does not run, for what no route shows.
    func driver() throws -> any SQLDriver {
        guard TestStage.current.hasGateway else {
            let file = folder.appending(path: "data/cloudstream.sqlite").path(percentEncoded: false)
            return try SQLiteDriver(.init(path: file))
        }
        return try PostgresDriver(
            PostgresSettings(url: try StagePlace.server(place.environment, "CLOUDSTREAM_POSTGRES_URL")))
    }

    /// Keys of all that the program keeps as objects.
    func objectKeys() async throws -> [String] {
        guard TestStage.current.hasGateway else {
            let root = folder.appending(path: "data/objects/objects").path(percentEncoded: false)
            // Absent until the first object.
            let names = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
            return names.filter { name in
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isFolder)
                return !isFolder.boolValue
            }
        }
        func value(_ key: String) throws -> String { try StagePlace.server(place.environment, key) }
        var settings = S3ObjectStore.Settings(
            endpoint: try value("CLOUDSTREAM_S3_ENDPOINT"), region: try value("CLOUDSTREAM_S3_REGION"),
            bucket: try value("CLOUDSTREAM_S3_BUCKET"),
            credentials: S3Credentials(
                accessKey: try value("CLOUDSTREAM_S3_ACCESS_KEY"),
                secretKey: try value("CLOUDSTREAM_S3_SECRET_KEY")))
        settings.keyPrefix = place.objectPrefix
        let store = try S3ObjectStore(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        do {
            let keys = try await store.list(prefix: "", after: nil, limit: 1000)
            await store.close()
            return keys
        } catch {
            await store.close()
            throw error
        }
    }

    /// What all processes wrote.
    func log() throws -> String {
        try processes.map { try String(contentsOf: $0.logFile(in: folder), encoding: .utf8) }.joined()
    }
}

/// The program that tests share, started when the first asks for it.
private actor SharedApp {
    static let only = SharedApp()

    private var starting: Task<RunningApp, any Error>?

    var app: RunningApp {
        get async throws {
            let task =
                starting
                ?? Task {
                    // Tests sign up more people than one address may, and wait for no other test's films.
                    let app = try await RunningApp.start([
                        "identity.signInAttempts.perMinute=100000", "media.libav.concurrentJobs=16",
                    ])
                    Tidying.atEnd { app.destroy() }
                    return app
                }
            starting = task
            return try await task.value
        }
    }
}
