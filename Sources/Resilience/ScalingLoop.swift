package import Kernel

/// Keeps as many workers as the policy wants: measures, decides, and has them started or drained.
package struct ScalingLoop: Sendable {
    /// How workers come and go; the policy does not care what they are.
    package struct Pool: Sendable {
        package let measure: @Sendable () async throws -> ScalingPolicy.Load
        /// Begins to start so many; they count as workers from now on.
        package let start: @Sendable (Int) async throws -> Void
        /// Asks so many to finish their jobs and end.
        package let drain: @Sendable (Int) async throws -> Void

        package init(
            measure: @escaping @Sendable () async throws -> ScalingPolicy.Load,
            start: @escaping @Sendable (Int) async throws -> Void,
            drain: @escaping @Sendable (Int) async throws -> Void
        ) {
            self.measure = measure
            self.start = start
            self.drain = drain
        }
    }

    private let settings: ScalingPolicy.Settings
    private let interval: Duration
    private let time: TimeSource
    private let pool: Pool
    private let onFailure: @Sendable (Failure) -> Void

    /// `onFailure` hears of what could not be measured or done; the next round tries again.
    package init(
        _ settings: ScalingPolicy.Settings, every interval: Duration, time: TimeSource = .system, pool: Pool,
        onFailure: @escaping @Sendable (Failure) -> Void = { _ in }
    ) {
        self.settings = settings
        self.interval = interval
        self.time = time
        self.pool = pool
        self.onFailure = onFailure
    }

    /// Until the task is cancelled.
    package func run() async throws {
        var policy = ScalingPolicy(settings)
        while !Task.isCancelled {
            do {
                // Without a measurement nothing changes: a queue that cannot be asked is not an empty one.
                switch policy.decide(try await pool.measure(), at: time.now()) {
                case .hold: break
                case .start(let count): try await pool.start(count)
                case .drain(let count): try await pool.drain(count)
                }
            } catch {
                onFailure(.wrapping(error))
            }
            try await time.sleep(interval)
        }
    }
}
