/// How many workers there should be for what is queued; a value on a clock given to it.
///
/// It grows at once when work waits and shrinks late: to the most that was wanted within the last `calm`, so that a
/// pause between two bursts costs no restarts.
package struct ScalingPolicy: Sendable {
    /// What was measured.
    package struct Load: Sendable, Equatable {
        /// Jobs that are due and wait.
        package var waiting: Int
        /// Jobs being done.
        package var busy: Int
        /// For how long the oldest due job has waited.
        package var oldestDueAge: Duration
        /// Workers that take jobs, also those still starting.
        package var workers: Int
        /// Workers that finish what they have and then end.
        package var draining: Int

        package init(waiting: Int, busy: Int, oldestDueAge: Duration, workers: Int, draining: Int) {
            self.waiting = waiting
            self.busy = busy
            self.oldestDueAge = oldestDueAge
            self.workers = workers
            self.draining = draining
        }
    }

    package enum Decision: Sendable, Equatable {
        case hold
        case start(Int)
        /// Ask so many to drain; none is killed.
        case drain(Int)
    }

    package let settings: Settings
    private var wanted: [(at: ContinuousClock.Instant, workers: Int)] = []
    private var lastOut: ContinuousClock.Instant?
    private var lastIn: ContinuousClock.Instant?

    package init(_ settings: Settings) { self.settings = settings }

    /// Call it every few seconds, with what is true then.
    package mutating func decide(_ load: Load, at now: ContinuousClock.Instant) -> Decision {
        let target = bounded(demand(load))
        let horizon = now - settings.calm
        wanted.removeAll { $0.at <= horizon }
        wanted.append((now, target))
        if load.workers < settings.minimum { return start(settings.minimum - load.workers, load, now) }
        if target > load.workers, isCrowded(load) { return start(target - load.workers, load, now) }
        let calmTarget = wanted.map(\.workers).max() ?? target
        if calmTarget < load.workers { return drain(load.workers - calmTarget, load, now) }
        return .hold
    }

    /// Workers that would do all that is there within the wait that is allowed.
    private func demand(_ load: Load) -> Int {
        let perWorker = max(1, settings.jobsPerWorker)
        let doing = Self.quotient(load.busy, perWorker)
        let queue = Self.quotient(load.waiting, max(1, Int(Double(perWorker) * settings.backlogPerSlot)))
        // However short the queue: who waits too long needs one more than there are.
        let late = load.waiting > 0 && load.oldestDueAge >= settings.maximumAge ? load.workers + 1 : 0
        return max(doing, queue, late)
    }

    /// Enough waits for long enough to be worth a start; the first worker is always worth it.
    private func isCrowded(_ load: Load) -> Bool {
        guard load.waiting > 0 else { return false }
        if load.workers == 0 || load.oldestDueAge >= settings.maximumAge { return true }
        let slots = Double(load.workers * settings.jobsPerWorker)
        return Double(load.waiting) >= settings.outThreshold * slots
    }

    private mutating func start(
        _ count: Int, _ load: Load, _ now: ContinuousClock.Instant
    ) -> Decision {
        if let lastOut, now - lastOut < settings.outCooldown { return .hold }
        // Those that drain still take memory and processors.
        let room = settings.maximum - load.workers - load.draining
        let number = min(count, settings.maximumStep, room)
        guard number > 0 else { return .hold }
        lastOut = now
        return .start(number)
    }

    private mutating func drain(
        _ count: Int, _ load: Load, _ now: ContinuousClock.Instant
    ) -> Decision {
        let recent = max(lastOut ?? now - settings.inCooldown, lastIn ?? now - settings.inCooldown)
        let slots = Double(load.workers * settings.jobsPerWorker)
        guard now - recent >= settings.inCooldown, Double(load.waiting) <= settings.inThreshold * slots else {
            return .hold
        }
        let number = min(count, settings.maximumStep, load.workers - settings.minimum)
        guard number > 0 else { return .hold }
        lastIn = now
        return .drain(number)
    }

    private func bounded(_ count: Int) -> Int { min(settings.maximum, max(settings.minimum, count)) }

    private static func quotient(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }
}

extension ScalingPolicy {
    package struct Settings: Sendable, Equatable {
        package var minimum = 0
        package var maximum = 4
        /// Jobs that one worker does at once.
        package var jobsPerWorker = 1
        /// Waiting jobs for each slot that a worker may find in the queue before another is wanted.
        package var backlogPerSlot = 4.0
        /// More start once so many jobs wait per slot.
        package var outThreshold = 1.0
        /// None drains while more jobs wait per slot.
        package var inThreshold = 0.25
        /// A job that has waited so long wants one more worker, however short the queue.
        package var maximumAge = Duration.seconds(60)
        package var outCooldown = Duration.seconds(10)
        package var inCooldown = Duration.seconds(60)
        /// Back so far the highest demand counts when shrinking.
        package var calm = Duration.seconds(120)
        /// Workers started or drained at once.
        package var maximumStep = 4

        package init() {}
    }
}
