import Foundation
import FoundationNetworking
import Testing

/// The built program, running in a temporary folder on free ports; gone with its folder when it is let go.
///
/// Unchecked: tests use one from one task at a time.
final class RunningApp: @unchecked Sendable {
    let folder: URL
    let port: Int
    let adminPort: Int
    private let settings: [String]
    private var process: Foundation.Process?

    var base: URL { URL(string: "http://127.0.0.1:\(port)")! }
    var pid: Int32 { process?.processIdentifier ?? 0 }
    var logFile: URL { folder.appending(path: "log") }

    /// Starts and waits until it is ready.
    static func start(_ settings: [String] = [], roles: String? = nil) async throws -> RunningApp {
        let app = try RunningApp(settings, roles: roles)
        try await app.launch()
        return app
    }

    /// Runs `body` against a fresh program, and stops it in any case.
    static func with<Value>(
        _ settings: [String] = [], _ body: (RunningApp) async throws -> Value
    ) async throws -> Value {
        let app = try await start(settings)
        defer { app.destroy() }
        return try await body(app)
    }

    init(_ settings: [String] = [], roles: String? = nil, sharing other: RunningApp? = nil) throws {
        folder =
            other?.folder
            ?? FileManager.default.temporaryDirectory.appending(path: "cloudstream-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try FreePort.take()
        adminPort = try FreePort.take()
        self.settings = settings + (roles.map { ["--role", $0] } ?? [])
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

    /// Starts again after `kill`, on the same ports over the same files.
    func launch() async throws {
        let process = Foundation.Process()
        process.executableURL = try Self.executable
        process.currentDirectoryURL = folder
        let repository = Self.repository.path(percentEncoded: false)
        process.arguments =
            ["--profile", repository + "profiles/seed.yaml"]
            + [
                "http.port=\(port)", "admin.port=\(adminPort)", "http.web=\(repository)web",
                "http.schemas=\(repository)schemas",
            ].flatMap { ["--set", $0] } + settings.flatMap { $0.contains("=") ? ["--set", $0] : [$0] }
        if !FileManager.default.fileExists(atPath: logFile.path(percentEncoded: false)) {
            _ = FileManager.default.createFile(atPath: logFile.path(percentEncoded: false), contents: nil)
        }
        let log = try FileHandle(forWritingTo: logFile)
        try log.seekToEnd()
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await waitUntilReady()
    }

    /// Runs another command of the program over the same files; its status and output.
    func command(_ words: String...) throws -> (Int32, String) {
        let process = Foundation.Process()
        process.executableURL = try Self.executable
        process.currentDirectoryURL = folder
        process.arguments =
            words + ["--profile", Self.repository.path(percentEncoded: false) + "profiles/seed.yaml"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func waitUntilReady() async throws {
        for _ in 0..<400 {
            guard process?.isRunning == true else { break }
            let probe = URL(string: "http://127.0.0.1:\(adminPort)/livez")!
            // Refused until it listens.
            if let (_, answer) = try? await URLSession.shared.data(from: probe),
                (answer as? HTTPURLResponse)?.statusCode == 200, await isListening()
            {
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let log = try String(contentsOf: logFile, encoding: .utf8)
        Issue.record("the program did not start: \(log.suffix(2000))")
    }

    private func isListening() async -> Bool {
        guard !settings.contains("--role") else { return true }
        let answer = try? await URLSession.shared.data(from: base.appending(path: "livez"))
        return (answer?.1 as? HTTPURLResponse)?.statusCode == 200
    }

    /// SIGKILL: no chance to tidy.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGTERM, then the exit status.
    func stop() -> Int32 {
        guard let process else { return -1 }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func signal(_ number: Int32) { Foundation.kill(pid, number) }

    func waitForExit() -> Int32 {
        process?.waitUntilExit()
        return process?.terminationStatus ?? -1
    }

    func destroy() {
        kill()
        // What is left in the temporary folder harms nobody.
        try? FileManager.default.removeItem(at: folder)
    }

    /// Resident memory in bytes.
    var residentBytes: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return try #require(line.flatMap { Int($0.split(separator: " ")[1]) }) * 1024
        }
    }

    /// Processes of the media worker that this program started.
    var workers: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(Int32.init).filter { candidate in
            guard let stat = try? String(contentsOfFile: "/proc/\(candidate)/stat", encoding: .utf8),
                let afterName = stat.lastIndex(of: ")")
            else { return false }
            let fields = stat[afterName...].split(separator: " ")
            return fields.count > 2 && fields[2] == "\(pid)" && fields[1] != "Z"
        }
    }

    func log() throws -> String { try String(contentsOf: logFile, encoding: .utf8) }
}

/// Ports below the range that outgoing connections take.
enum FreePort {
    static func take() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let isFree = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isFree { return port }
        }
        throw CocoaError(.fileNoSuchFile)
    }
}
