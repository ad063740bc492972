import Kernel
import Logging
import ServiceLifecycle

/// Chores by the clock, each done by one process at a time.
struct Upkeep: Service {
    struct Chore: Sendable {
        let name: String
        let every: Duration
        let work: @Sendable () async throws -> Void

        init(_ name: String, every: Duration, work: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.every = every
            self.work = work
        }
    }

    let chores: [Chore]
    /// Whether this process holds the lease of a chore, for the given time.
    let holds: @Sendable (_ chore: String, _ lifetime: Duration) async throws -> Bool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for chore in chores { group.addTask { await repeating(chore) } }
            }
        }
    }

    private func repeating(_ chore: Chore) async {
        while !Task.isCancelled {
            do {
                if try await holds(chore.name, chore.every * 2) { try await chore.work() }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("chore failed", metadata: ["chore": "\(chore.name)", "error": "\(error)"])
            }
            // A cancelled sleep throws; the loop's condition then ends it.
            try? await Task.sleep(for: chore.every)
        }
    }
}
