private import Synchronization

/// Calls back at moments that are set.
package protocol Alarms: Sendable {
    /// Calls `ring` once, no sooner than at `moment`; it must be short, but may run handlers of cancellation.
    /// Gives what to clear it by.
    func set(at moment: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> Int

    /// False if it has rung, is about to, or was cleared before.
    @discardableResult func clear(_ alarm: Int) -> Bool
}

/// Alarms for which few tasks sleep: until the soonest, and until those that were it before sooner ones were set.
///
/// One task for each alarm would cost more than most calls whose deadline it keeps; and the runtime holds on to the
/// timer of a sleep until its end, however soon the sleep was cancelled: with thousands of calls a second, a hundred
/// megabytes.
final class AlarmClock: Alarms {
    typealias Instant = ContinuousClock.Instant

    private struct Alarm {
        let moment: Instant
        let ring: @Sendable () -> Void
    }

    private struct State {
        var alarms: [Int: Alarm] = [:]
        var lastAlarm = 0
        /// When somebody looks for those that are due. Of these only the next one rings.
        var looks: Set<Instant> = []
        var nextLook: Instant?

        /// True if nobody was to look then.
        mutating func setNextLook(_ moment: Instant) -> Bool {
            nextLook = moment
            return looks.insert(moment).inserted
        }
    }

    /// Alarms ring that much late at most, and no sooner than that behind the last to ring.
    private static let precision = Duration.milliseconds(10)

    private let now: @Sendable () -> Instant
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State())

    init(
        now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    func set(at moment: Instant, _ ring: @escaping @Sendable () -> Void) -> Int {
        let (alarm, isNewLook) = state.withLock { state in
            state.lastAlarm += 1
            state.alarms[state.lastAlarm] = Alarm(moment: moment, ring: ring)
            let isSoonest = state.nextLook.map { moment + Self.precision < $0 } ?? true
            return (state.lastAlarm, isSoonest && state.setNextLook(moment))
        }
        if isNewLook { look(at: moment) }
        return alarm
    }

    func clear(_ alarm: Int) -> Bool { state.withLock { $0.alarms.removeValue(forKey: alarm) } != nil }

    private func look(at moment: Instant) {
        // Not behind those whose deadlines it keeps.
        Task.detached(priority: .high) { [self] in
            // Nobody cancels it.
            try? await sleep(max(.zero, moment - now()))
            ring(at: moment)
        }
    }

    /// Rings what is due, if this is still the next look.
    private func ring(at moment: Instant) {
        let (due, next) = state.withLock { state -> ([Alarm], Instant?) in
            state.looks.remove(moment)
            guard state.nextLook == moment else { return ([], nil) }
            state.nextLook = nil
            let now = now()
            let due = state.alarms.filter { $0.value.moment <= now }
            for alarm in due.keys { state.alarms[alarm] = nil }
            guard let soonest = state.alarms.values.lazy.map(\.moment).min() else {
                return (Array(due.values), nil)
            }
            let next = max(soonest, now + Self.precision)
            return (Array(due.values), state.setNextLook(next) ? next : nil)
        }
        // First, so that no ring that takes long holds up the others.
        if let next { look(at: next) }
        for alarm in due { alarm.ring() }
    }
}
