import Foundation

/// Why a run gave no result.
struct RunFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A command line, run to its end or stopped.
struct Program: Sendable {
    var executable: String
    var arguments: [String]
    var folder: URL
    /// Beside the bench's own, or in its place.
    var environment: [String: String] = [:]

    /// Long enough for the slowest machine, short enough to end the same day.
    private static let deadline: Duration = .seconds(900)
    private static let keptErrors = 600

    /// Waits for its end; throws unless it ends with 0.
    func run() async throws { _ = try await output() }

    /// Waits for its end, and gives what it wrote to its outputs; throws unless it ends with 0.
    func output() async throws -> String {
        let running = try await start()
        let watch = Task {
            try await Task.sleep(for: Self.deadline)
            running.kill()
        }
        let status = await running.end()
        watch.cancel()
        guard status == 0 else {
            throw RunFailure("\(name) ended with \(status): \(running.errors.suffix(Self.keptErrors))")
        }
        defer { running.forget() }
        return running.errors
    }

    func start() async throws -> RunningProgram { try await onThread { try RunningProgram(self) } }

    var name: String { URL(filePath: executable).lastPathComponent }
}

/// A child process. Known to `Children` until it has ended, so that none outlives the bench.
final class RunningProgram: Sendable {
    private let process: Process
    private let ending: AsyncStream<Int32>
    private let log: URL

    /// Changes the signal mask of its thread, which is to be one of its own.
    fileprivate init(_ program: Program) throws {
        process = Process()
        process.executableURL = URL(filePath: program.executable)
        process.arguments = program.arguments
        process.currentDirectoryURL = program.folder
        process.environment = ProcessInfo.processInfo.environment.merging(program.environment) { $1 }
        log = program.folder.appending(path: "\(program.name)-\(UUID().uuidString).log")
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        defer { try? output.close() }  // The child has its own.
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        ending = stream
        process.terminationHandler = { process in
            Children.remove(process.processIdentifier)
            let isExit = process.terminationReason == .exit
            continuation.yield(isExit ? process.terminationStatus : 128 + process.terminationStatus)
            continuation.finish()
        }
        // Children inherit it, and on Swift's own threads it would keep SIGTERM from them.
        var signals = sigset_t()
        sigemptyset(&signals)
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        try process.run()
        Children.add(process.processIdentifier)
    }

    var identifier: Int32 { process.processIdentifier }

    var isRunning: Bool { process.isRunning }

    var errors: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Its exit status, or 128 and the signal.
    func end() async -> Int32 {
        for await status in ending { return status }
        return -1
    }

    func kill() { if process.isRunning { Foundation.kill(identifier, SIGKILL) } }

    /// Asks it to end; kills it when it takes too long.
    func stop() async -> Int32 {
        process.terminate()
        let watch = Task {
            try await Task.sleep(for: .seconds(40))
            kill()
        }
        defer { watch.cancel() }
        return await end()
    }

    /// Removes what it wrote to its outputs.
    func forget() { try? FileManager.default.removeItem(at: log) }
}

/// Runs what blocks, or changes its thread, on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
