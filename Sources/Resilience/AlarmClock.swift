private import Synchronization

/// Calls back at moments that are set.
package protocol Alarms: Sendable {
    /// Calls `ring` once, no sooner than at `moment`; it must be short. Gives what to clear it by.
    func set(at moment: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> Int

    /// False if it has rung, or is about to.
    @discardableResult func clear(_ alarm: Int) -> Bool
}

/// Alarms for which one task sleeps: until the soonest of them.
///
/// One task for each would cost more than most calls whose deadline it keeps; and the runtime holds on to the timer of a
/// sleep until its end, however soon the sleep was cancelled: with thousands of calls a second, a hundred megabytes.
final class AlarmClock: Alarms {
    typealias Instant = ContinuousClock.Instant

    private struct Alarm {
        let moment: Instant
        let ring: @Sendable () -> Void
    }

    private struct State {
        var alarms: [Int: Alarm] = [:]
        var lastAlarm = 0
        /// When the next look for those that are due is, if one is due at all; looks for later ones may be under way.
        var nextLook: Instant?
    }

    /// Alarms ring that much late at most, and looks are at least that far apart.
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
        let (alarm, isSoonest) = state.withLock { state in
            state.lastAlarm += 1
            state.alarms[state.lastAlarm] = Alarm(moment: moment, ring: ring)
            let isSoonest = state.nextLook.map { moment + Self.precision < $0 } ?? true
            if isSoonest { state.nextLook = moment }
            return (state.lastAlarm, isSoonest)
        }
        if isSoonest { look(at: moment) }
        return alarm
    }

    func clear(_ alarm: Int) -> Bool { state.withLock { $0.alarms.removeValue(forKey: alarm) } != nil }

    private func look(at moment: Instant) {
        Task.detached { [self] in
            // Nobody cancels it.
            try? await sleep(max(.zero, moment - now()))
            ring(at: moment)
        }
    }

    /// Rings what is due, if this is still the next look.
    private func ring(at moment: Instant) {
        let (due, next) = state.withLock { state -> ([Alarm], Instant?) in
            guard state.nextLook == moment else { return ([], nil) }
            let now = now()
            let due = state.alarms.filter { $0.value.moment <= now }
            for alarm in due.keys { state.alarms[alarm] = nil }
            let soonest = state.alarms.values.lazy.map(\.moment).min()
            state.nextLook = soonest.map { max($0, now + Self.precision) }
            return (Array(due.values), state.nextLook)
        }
        for alarm in due { alarm.ring() }
        if let next { look(at: next) }
    }
}
