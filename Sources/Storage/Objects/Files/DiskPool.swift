import Kernel
import NIOPosix

/// Threads for calls that block on the disk, so that Swift's own never do.
final class DiskPool: Sendable {
    private let threads: NIOThreadPool

    init(threads count: Int) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// Runs `work`, whatever becomes of the task that waits: what was begun is cleaned up. Throws `Failure`
    /// only.
    func run<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws(Failure) -> Result {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                threads.submit { state in
                    guard case .active = state else {
                        return continuation.resume(throwing: Failure.unavailable("The object store"))
                    }
                    continuation.resume(with: Swift.Result(catching: work))
                }
            }
        } catch {
            throw .ofStore(error)
        }
    }

    /// Runs `work` at some time, at the latest now if the threads have ended.
    func later(_ work: @escaping @Sendable () -> Void) {
        threads.submit { _ in work() }
    }
}
