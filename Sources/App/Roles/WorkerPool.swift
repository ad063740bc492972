import Foundation
import Kernel
import Logging
import Resilience
import ServiceLifecycle
import Subprocess
import Synchronization
import SystemPackage

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
        let signal: @Sendable (Signal) -> Void
        var isDraining = false
    }

    private let executable: String
    private let arguments: [String]
    private let logger: Logger
    private var workers: [pid_t: Worker] = [:]

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
            executable: URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path(percentEncoded: false),
            arguments: words + ["--role", "worker", "--set", "admin.port=0"], logger: logger)
    }

    /// Those that take jobs, and those that finish what they have.
    var count: (workers: Int, draining: Int) {
        let draining = workers.values.count(where: \.isDraining)
        return (workers.count - draining, draining)
    }

    func start(_ number: Int) async throws {
        for _ in 0..<number { try await startOne() }
        logger.info("workers started", metadata: ["number": "\(number)", "workers": "\(workers.count)"])
    }

    /// Returns when it runs; what becomes of it is told by `ended`.
    private func startOne() async throws {
        try await withCheckedThrowingContinuation { (running: CheckedContinuation<Void, any Error>) in
            let hasBegun = Mutex(false)
            Task {
                do {
                    let outcome = try await Subprocess.run(
                        .path(FilePath(executable)), arguments: Arguments(arguments), input: .none,
                        output: .currentStandardOutput, error: .currentStandardError
                    ) { execution in
                        self.began(execution.processIdentifier.value) { signal in
                            // It has just ended: then there is nobody to tell.
                            try? execution.send(signal: signal)
                        }
                        hasBegun.withLock { $0 = true }
                        running.resume()
                    }
                    self.ended(outcome.processIdentifier.value, outcome.terminationStatus)
                } catch {
                    if !hasBegun.withLock({ $0 }) { running.resume(throwing: error) }
                }
            }
        }
    }

    private func began(_ pid: pid_t, signal: @escaping @Sendable (Signal) -> Void) {
        workers[pid] = Worker(signal: signal)
    }

    private func ended(_ pid: pid_t, _ status: TerminationStatus) {
        guard let worker = workers.removeValue(forKey: pid), !worker.isDraining else { return }
        logger.warning("a worker ended", metadata: ["pid": "\(pid)", "status": "\(status)"])
    }

    /// SIGTERM: a worker hands its job back behind the last checkpoint and ends.
    func drain(_ number: Int) {
        for (pid, worker) in workers.filter({ !$0.value.isDraining }).prefix(number) {
            workers[pid]?.isDraining = true
            worker.signal(.terminate)
        }
        logger.info("workers draining", metadata: ["number": "\(number)", "workers": "\(workers.count)"])
    }

    func stop(within patience: Duration) async {
        drain(workers.count)
        let end = ContinuousClock.now + patience
        while !workers.isEmpty, ContinuousClock.now < end {
            // In a task of its own: cancelled, it would return at once, and this would turn until the end.
            await Task { try? await Task.sleep(for: .milliseconds(50)) }.value
        }
        for worker in workers.values { worker.signal(.kill) }
    }
}
