import Foundation
import TestProcess
import Testing
import Videos

@testable import MediaWorker

/// The program under test, a clip for it, and what the system knows of its processes.
enum Worker {
    /// `CLOUDSTREAM_APP`, else a product beside the tests.
    static let executable: String = {
        if let path = ProcessInfo.processInfo.environment["CLOUDSTREAM_APP"] { return path }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folders = [own, CommandLine.arguments[0], Bundle.main.bundlePath].map {
            URL(filePath: $0).deletingLastPathComponent().path
        }
        let places = folders.flatMap { [$0 + "/app", $0 + "/media-dev"] }
        return places.first(where: FileManager.default.isExecutableFile) ?? "app"
    }()

    static func configuration() -> ChildProcessMediaEngine.Configuration {
        var configuration = ChildProcessMediaEngine.Configuration()
        configuration.executable = executable
        configuration.minimumConfinement = ConfinementReport.available().level
        // How quick the machine is decides nothing, but in tests that set these themselves.
        configuration.stallSeconds = 600
        configuration.probeDeadlineSeconds = 600
        return configuration
    }

    static func engine(
        _ change: (inout ChildProcessMediaEngine.Configuration) -> Void = { _ in }
    ) -> ChildProcessMediaEngine {
        var configuration = configuration()
        change(&configuration)
        return ChildProcessMediaEngine(configuration)
    }

    /// Removed when the tests end.
    private static let root: String = {
        atexit { try? FileManager.default.removeItem(atPath: Worker.rootPath) }
        return rootPath
    }()

    private static let rootPath = NSTemporaryDirectory() + "/worker-tests-\(getpid())"

    static func folder() throws -> String {
        let path = root + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// A film of its own for each caller, by which its worker can be told from others.
    static func film(seconds: Int = 3, size: String = "320x240") throws -> String {
        let path = try folder() + "/film.mp4"
        let words =
            "ffmpeg -v error -y -f lavfi -i testsrc2=s=\(size):r=30:d=\(seconds) -f lavfi -i sine=440:d=\(seconds) "
            + "-c:v libx264 -preset ultrafast -g 30 -pix_fmt yuv420p -c:a aac \(path)"
        let (end, output) = try ChildProcess.runWaiting(
            "/usr/bin/env", words.split(separator: " ").map(String.init))
        try #require(end == .exit(0), "\(output)")
        return path
    }

    static func request(_ source: String, stills: Bool = true) async throws -> TranscodeRequest {
        let properties = try await engine().probe(source: source)
        let limits = MediaLimits(preset: "ultrafast", segmentSeconds: 1)
        return TranscodeRequest(
            source: source, directory: try folder(),
            plan: try Ladder.plan(for: properties, limits: limits), properties: properties,
            resumeAfterSegments: 0,
            wantsStills: stills)
    }

    /// Processes whose parent this process is and that run as media workers, zombies included.
    static func children() -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter { process in
            let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            let fields = text.components(separatedBy: ") ").last?.split(separator: " ") ?? []
            guard fields.count > 1, fields[1] == "\(getpid())" else { return false }
            // A zombie has its name left, of which the kernel keeps 15 letters; others here start programs too.
            let name = URL(filePath: executable).lastPathComponent.prefix(15)
            if fields[0] == "Z" { return text.contains(" (\(name)) ") }
            let command = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            return command.contains("media-worker")
        }
    }

    static func selfTest(_ behaviour: SelfTest.Behaviour) throws -> SelfTest {
        let directory = try folder()
        let outside = try folder()
        for file in [directory + ".source", outside + "/secret"] {
            try Data("x".utf8).write(to: URL(filePath: file))
        }
        return SelfTest(
            source: directory + ".source", directory: directory, forbidden: outside + "/secret",
            behaviour: behaviour)
    }
}
