import Cluster
import Foundation
import FoundationNetworking
import TestProcess
import Testing

/// One process of a running program.
///
/// Unchecked: tests use one from one task at a time.
final class ProgramProcess: @unchecked Sendable {
    let roles: [String]
    let port: Int
    let adminPort: Int
    /// Instead of what all processes of the program are told.
    var environment: [String: String] = [:]
    private let namesRoles: Bool
    /// A socket that listens already, which it gets as standard input.
    private let listener: Int32?
    private let name: String
    private var process: ChildProcess?
    private var folder: URL?

    init(roles: [String], namesRoles: Bool, port: Int, listener: Int32? = nil) throws {
        self.roles = roles
        self.port = port
        self.namesRoles = namesRoles
        self.listener = listener
        adminPort = try PortChoice.takeOne()
        name = "\(roles.first ?? "")-\(adminPort).log"
    }

    var pid: Int32 { process?.identifier ?? 0 }

    func logFile(in folder: URL) -> URL { folder.appending(path: name) }

    func launch(_ app: RunningApp, _ settings: [String]) throws {
        let repository = RunningApp.repository.path(percentEncoded: false)
        let section = roles.contains("gateway") ? "gateway" : "http"
        let arguments =
            ["--profile", TestStage.current.file]
            + (namesRoles ? ["--role", roles.joined(separator: ",")] : [])
            + (listener == nil ? [] : ["--listen-fd", "0"])
            + ([
                "\(section).port=\(port)", "admin.port=\(adminPort)", "http.web=\(repository)web",
                "http.schemas=\(repository)schemas",
            ] + settings).flatMap { ["--set", $0] }
        let file = logFile(in: app.folder)
        if !FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) {
            _ = FileManager.default.createFile(atPath: file.path(percentEncoded: false), contents: nil)
        }
        let log = try FileHandle(forWritingTo: file)
        try log.seekToEnd()
        process = try ChildProcess(
            RunningApp.executable.path(percentEncoded: false), arguments,
            environment: app.place.environment.merging(environment) { $1 },
            folder: app.folder.path(percentEncoded: false),
            input: listener.map { .descriptor($0) } ?? .null, output: .file(log), errors: .file(log))
        folder = app.folder
    }

    /// As long as it runs, it is starting: beside many others, on a machine with much else to do, that may take long.
    func waitUntilReady() async throws {
        let end = ContinuousClock.now + .seconds(180)
        while process?.isRunning == true, ContinuousClock.now < end {
            let serves = roles.contains("api") || roles.contains("chat")
            if await answers(adminPort), serves ? await answers(port) : true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let log = try folder.map { try String(contentsOf: logFile(in: $0), encoding: .utf8) } ?? ""
        throw StageFailure("the process \(roles) did not start: \(log.suffix(2000))")
    }

    /// Refused until it listens.
    private func answers(_ port: Int) async -> Bool {
        let answer = try? await URLSession.shared.data(from: URL(string: "http://127.0.0.1:\(port)/livez")!)
        return (answer?.1 as? HTTPURLResponse)?.statusCode == 200
    }

    func signal(_ number: Int32) { process?.signal(number) }

    /// As `waitForExit`, without holding up other tests.
    func ended() async -> Int32 { await process?.ended().status ?? -1 }

    func waitForExit() -> Int32 { process?.waitUntilEnd().status ?? -1 }

    var residentBytes: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return try #require(line.flatMap { Int($0.split(separator: " ")[1]) }) * 1024
        }
    }
}
