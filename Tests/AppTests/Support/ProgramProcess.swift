import Foundation
import FoundationNetworking
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
    private var process: Foundation.Process?
    private var folder: URL?

    init(roles: [String], namesRoles: Bool, port: Int, listener: Int32? = nil) throws {
        self.roles = roles
        self.port = port
        self.namesRoles = namesRoles
        self.listener = listener
        adminPort = try FreePort.take()
        name = "\(roles.first ?? "")-\(adminPort).log"
    }

    var pid: Int32 { process?.processIdentifier ?? 0 }

    func logFile(in folder: URL) -> URL { folder.appending(path: name) }

    func launch(_ app: RunningApp, _ settings: [String]) throws {
        let process = Foundation.Process()
        process.executableURL = try RunningApp.executable
        process.currentDirectoryURL = app.folder
        process.environment = app.place.environment.merging(environment) { $1 }
        let repository = RunningApp.repository.path(percentEncoded: false)
        let section = roles.contains("gateway") ? "gateway" : "http"
        process.arguments =
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
        process.standardOutput = log
        process.standardError = log
        process.standardInput =
            listener.map { FileHandle(fileDescriptor: $0, closeOnDealloc: false) } ?? .nullDevice
        try process.run()
        self.process = process
        folder = app.folder
    }

    func waitUntilReady() async throws {
        for _ in 0..<600 {
            guard process?.isRunning == true else { break }
            let serves = roles.contains("api") || roles.contains("chat")
            if await answers(adminPort), serves ? await answers(port) : true { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let log = try folder.map { try String(contentsOf: logFile(in: $0), encoding: .utf8) } ?? ""
        Issue.record("the process \(roles) did not start: \(log.suffix(2000))")
    }

    /// Refused until it listens.
    private func answers(_ port: Int) async -> Bool {
        let answer = try? await URLSession.shared.data(from: URL(string: "http://127.0.0.1:\(port)/livez")!)
        return (answer?.1 as? HTTPURLResponse)?.statusCode == 200
    }

    func signal(_ number: Int32) {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, number)
    }

    /// As `waitForExit`, without holding up other tests.
    func ended() async -> Int32 {
        while process?.isRunning == true {
            // A cancelled sleep returns at once, and the process ends all the same.
            try? await Task.sleep(for: .milliseconds(20))
        }
        return process?.terminationStatus ?? -1
    }

    func waitForExit() -> Int32 {
        process?.waitUntilExit()
        return process?.terminationStatus ?? -1
    }

    var residentBytes: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return try #require(line.flatMap { Int($0.split(separator: " ")[1]) }) * 1024
        }
    }
}
