package import Kernel
package import Logging
package import Relational

/// Moves events from the outbox to the log, in the order in which they were committed.
///
/// One process at a time does so. A crash between telling and forgetting tells again, which the log passes over.
package actor OutboxRelay {
    package struct Settings: Sendable {
        /// Events moved at once.
        package var batch: Int
        /// How often to look for what other processes put in the outbox.
        package var pollInterval: Duration
        /// How long another process waits before it takes over from one that fell silent.
        package var leaseLifetime: Duration
        /// Between tries while the log or the database refuses.
        package var backoff: Backoff

        package init(
            batch: Int = 256, pollInterval: Duration = .seconds(1), leaseLifetime: Duration = .seconds(15),
            backoff: Backoff = Backoff(first: .milliseconds(100), maximum: .seconds(10))
        ) {
            self.batch = batch
            self.pollInterval = pollInterval
            self.leaseLifetime = leaseLifetime
            self.backoff = backoff
        }

        /// How long to wait where nothing was moved. To ask for the lease is a write, so who does not have it asks less often.
        func wait(holdsLease: Bool) -> Duration {
            holdsLease ? pollInterval : max(pollInterval, leaseLifetime / 60)
        }
    }

    private static let leaseName = "outbox-relay"

    private let database: Database
    private let outbox: Outbox
    private let leases: Leases
    private let log: any EventLog
    private let settings: Settings
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let owner = UUIDv7().description
    /// Of the lease while this process has it.
    private var fence: Int64?
    private var heldUntil = Timestamp(milliseconds: 0)

    package init(
        database: Database, log: any EventLog, settings: Settings = Settings(), logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.database = database
        self.log = log
        self.settings = settings
        self.logger = logger
        self.now = now
        outbox = Outbox(database)
        leases = Leases(database)
    }

    /// Moves one batch; how many events it held. 0 also while another process has the lease.
    package func relayOnce() async throws -> Int {
        guard try await holdsLease() else { return 0 }
        let events = try await outbox.oldest(settings.batch)
        guard !events.isEmpty else { return 0 }
        try await log.append(events.map(\.event))
        // Right even if the lease was lost meanwhile: exactly these events are in the log now.
        try await outbox.remove(events)
        return events.count
    }

    /// Relays until the task is cancelled; what fails is logged and tried again, for events wait safely.
    package func run() async throws {
        var failures = 0
        while !Task.isCancelled {
            let generation = database.outboxWakeup.generation
            do {
                let moved = try await relayOnce()
                failures = 0
                if moved == 0 {
                    await database.outboxWakeup.wait(
                        after: generation, atMost: settings.wait(holdsLease: fence != nil))
                }
            } catch {
                failures += 1
                await pause(after: error, failures: failures)
            }
        }
        await release()
    }

    private func pause(after error: any Error, failures: Int) async {
        // Asked for anew: an error may mean that another process has it.
        fence = nil
        guard !Task.isCancelled else { return }
        logger.warning(
            "The outbox relay failed and will try again.",
            metadata: ["error": "\(error)", "failures": "\(failures)"])
        // A cancelled sleep throws, and the loop ends by itself then.
        try? await Task.sleep(for: settings.backoff.delay(afterAttempt: failures))
    }

    /// Renewed at half its lifetime, so that relaying costs no write of its own each time.
    private func holdsLease() async throws -> Bool {
        let now = now()
        if fence != nil, heldUntil > now + settings.leaseLifetime / 2 { return true }
        let acquired = try await leases.acquire(
            Self.leaseName, owner: owner, lifetime: settings.leaseLifetime)
        if let acquired, acquired != fence {
            logger.debug("This process relays the outbox.", metadata: ["fence": "\(acquired)"])
        }
        fence = acquired
        heldUntil = now + settings.leaseLifetime
        return acquired != nil
    }

    private func release() async {
        fence = nil
        do {
            try await leases.release(Self.leaseName, owner: owner)
        } catch {
            // It lapses by itself, only later.
            logger.debug("The relay's lease was not released.", metadata: ["error": "\(error)"])
        }
    }
}
