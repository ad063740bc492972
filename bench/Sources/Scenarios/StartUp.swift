import Cluster
import Foundation

/// From nothing to the first good answer, and the memory of a program that nobody uses.
///
/// The goals here are absolute; two well-known programs start in the same rounds, to judge the machine by.
struct StartUp: Scenario {
    let name = "start"
    let app: URL
    let repository: URL
    let scratch: Scratch
    /// How long the program is left alone before its memory is read.
    let idle: Duration
    /// Left out where there is none.
    let python: String?

    private static let ours = "CloudStream seed", version = "ffmpeg -version", server = "python http.server"

    var arms: [Arm] {
        [Arm(name: Self.ours, run: startApp), Arm(name: Self.version, run: startFFmpeg)]
            + (python == nil ? [] : [Arm(name: Self.server, run: startPython)])
    }

    var rows: [Row] {
        let always = [
            Row(
                id: "start.ready", title: "start to ready, in an empty folder",
                value: .absolute(.init(arm: Self.ours, measure: .ready), .seconds)),
            Row(
                id: "idle.resident", title: "idle memory, VmRSS",
                value: .absolute(.init(arm: Self.ours, measure: .resident), .megabytes)),
            Row(
                id: "idle.proportional", title: "idle memory, Pss",
                value: .absolute(.init(arm: Self.ours, measure: .proportional), .megabytes)),
            Row(
                id: "machine.spawn", title: "reference: `ffmpeg -version`, start to end",
                value: .absolute(.init(arm: Self.version, measure: .wall), .seconds)),
        ]
        return python == nil ? always : always + pythonRows
    }

    private let pythonRows = [
        Row(
            id: "machine.python.ready", title: "reference: `python3 -m http.server`, start to ready",
            value: .absolute(.init(arm: server, measure: .ready), .seconds)),
        Row(
            id: "machine.python.resident", title: "reference: `python3 -m http.server`, VmRSS",
            value: .absolute(.init(arm: server, measure: .resident), .megabytes)),
    ]

    init(app: URL, repository: URL, scratch: Scratch, idle: Duration) {
        self.app = app
        self.repository = repository
        self.scratch = scratch
        self.idle = idle
        python = ["/usr/bin/python3", "/usr/local/bin/python3"].first(
            where: FileManager.default.isExecutableFile)
    }

    private func startApp() async throws -> Reading {
        let port = try PortChoice.takeOne()
        let settings = [
            "http.port=\(port)", "admin.port=\(try PortChoice.takeOne())",
            "http.web=\(repository.appending(path: "web").plainPath)",
            "http.schemas=\(repository.appending(path: "schemas").plainPath)",
        ]
        let profile = repository.appending(path: "profiles/seed.yaml").plainPath
        let arguments = ["--profile", profile] + settings.flatMap { ["--set", $0] }
        return try await serve(app.plainPath, arguments, "/readyz", port: port, idle: idle)
    }

    private func startPython() async throws -> Reading {
        let port = try PortChoice.takeOne()
        return try await serve(
            python ?? "", ["-m", "http.server", "\(port)", "--bind", "127.0.0.1"], "/", port: port,
            idle: .zero)
    }

    private func startFFmpeg() async throws -> Reading {
        try await scratch.withFolder { folder in
            let watch = Stopwatch()
            try await Program(
                executable: "/usr/bin/env", arguments: ["ffmpeg", "-version"], folder: folder
            ).run()
            return [.wall: watch.wall]
        }
    }

    private func serve(
        _ executable: String, _ arguments: [String], _ path: String, port: Int, idle: Duration
    ) async throws -> Reading {
        try await scratch.withFolder { folder in
            let watch = Stopwatch()
            let program = Program(executable: executable, arguments: arguments, folder: folder)
            let running = try await program.start()
            do {
                try await Self.untilReady(running, HTTPProbe(port: port, path: path))
                let ready = watch.wall
                try await Task.sleep(for: idle)
                let memory = try ProcessMemory(of: running.identifier)
                _ = await running.stop()
                return [.ready: ready, .resident: memory.resident, .proportional: memory.proportional]
            } catch {
                _ = await running.stop()
                throw error
            }
        }
    }

    private static func untilReady(_ running: RunningProgram, _ probe: HTTPProbe) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !probe.isAnswered {
            guard running.isRunning, ContinuousClock.now < end else {
                throw RunFailure("it did not get ready: \(running.errors.suffix(600))")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
