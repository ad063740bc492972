import Foundation
import Kernel
import Logging
import Resilience
import ServiceLifecycle

/// The role that keeps as many worker processes on this machine as the queue asks for.
struct WorkerScaling: Service {
    private static let patience: Duration = .seconds(20)

    let pool: WorkerPool
    let jobs: any JobQueue
    let kind: String
    let settings: ScalingPolicy.Settings
    let interval: Duration
    let logger: Logger

    func run() async throws {
        let loop = ScalingLoop(
            settings, every: interval,
            pool: .init(
                measure: {
                    let depth = try await jobs.depth(of: kind)
                    let age = depth.oldestDue.map { max(.zero, Timestamp.now() - $0) } ?? .zero
                    let (workers, draining) = await pool.count
                    return .init(
                        waiting: depth.waiting, busy: depth.running, oldestDueAge: age, workers: workers,
                        draining: draining)
                },
                start: { try await pool.start($0) }, drain: { await pool.drain($0) }),
            onFailure: { logger.warning("workers could not be scaled", metadata: ["error": "\($0)"]) })
        // It only ever ends by being cancelled.
        try? await cancelWhenGracefulShutdown { try await loop.run() }
        await pool.stop(within: Self.patience)
    }
}

/// Processes of this very program with role `worker`.
actor WorkerPool {
    private struct Worker {
        let process: Foundation.Process
        var isDraining = false
    }

    private let executable: String
    private let arguments: [String]
    private let logger: Logger
    private var workers: [Int32: Worker] = [:]

    init(executable: String, arguments: [String], logger: Logger) {
        self.executable = executable
        self.arguments = arguments
        self.logger = logger
    }

    /// This program again, as a worker: same profile, same overrides, an admin port of its own.
    static func ofThisProgram(logger: Logger) -> WorkerPool {
        var words = Array(CommandLine.arguments.dropFirst())
        while let place = words.firstIndex(of: "--role") {
            words.removeSubrange(place..<min(place + 2, words.count))
        }
        words.removeAll { $0.hasPrefix("--role=") }
        return WorkerPool(
            executable: "/proc/self/exe", arguments: words + ["--role", "worker", "--set", "admin.port=0"],
            logger: logger)
    }

    /// Those that take jobs, and those that finish what they have.
    var count: (workers: Int, draining: Int) {
        let draining = workers.values.count(where: \.isDraining)
        return (workers.count - draining, draining)
    }

    func start(_ number: Int) async throws {
        for _ in 0..<number {
            let process = try await Self.launch(executable, arguments) { [weak self] pid, status in
                Task { await self?.ended(pid, status) }
            }
            workers[process.processIdentifier] = Worker(process: process)
        }
        logger.info("workers started", metadata: ["number": "\(number)", "workers": "\(workers.count)"])
    }

    /// SIGTERM: a worker hands its job back behind the last checkpoint and ends.
    func drain(_ number: Int) {
        for (pid, worker) in workers.filter({ !$0.value.isDraining }).prefix(number) {
            workers[pid]?.isDraining = true
            worker.process.terminate()
        }
        logger.info("workers draining", metadata: ["number": "\(number)", "workers": "\(workers.count)"])
    }

    func stop(within patience: Duration) async {
        drain(workers.count)
        let end = ContinuousClock.now + patience
        while !workers.isEmpty, ContinuousClock.now < end {
            // Cancelled sleeps return at once; the loop still ends by the clock.
            try? await Task.sleep(for: .milliseconds(50))
        }
        for worker in workers.values { kill(worker.process.processIdentifier, SIGKILL) }
    }

    private func ended(_ pid: Int32, _ status: Int32) {
        guard let worker = workers.removeValue(forKey: pid), !worker.isDraining else { return }
        logger.warning("a worker ended", metadata: ["pid": "\(pid)", "status": "\(status)"])
    }

    /// From a thread of its own kind: children inherit the signal mask, and the pool's threads block signals.
    private static func launch(
        _ executable: String, _ arguments: [String], onEnd: @escaping @Sendable (Int32, Int32) -> Void
    ) async throws -> Foundation.Process {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                let process = Foundation.Process()
                process.executableURL = URL(filePath: executable).resolvingSymlinksInPath()
                process.arguments = arguments
                process.standardInput = FileHandle.nullDevice
                process.terminationHandler = { onEnd($0.processIdentifier, $0.terminationStatus) }
                do {
                    try process.run()
                    continuation.resume(returning: process)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
