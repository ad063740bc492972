import Synchronization
import TestTime
import Testing

@testable import Resilience

@Suite struct AlarmClockTests {
    private let time = SimulatedTime()
    private let bells = Bells()

    /// A clock of its own that sleeps in simulated time.
    private func clock() -> AlarmClock {
        AlarmClock(
            now: { [time] in time.now },
            sleep: { [time, bells] span in
                bells.noteSleep()
                try await time.source.sleep(span)
            })
    }

    @Test func `an alarm rings once its moment has come, and no sooner`() async {
        let clock = clock()
        let alarm = clock.set(at: time.now + .seconds(2)) { [bells] in bells.ring("a") }
        await settled(sleepers: 1)
        time.advance(by: .milliseconds(1999))
        await settled(sleepers: 1)
        #expect(bells.rung == [])
        time.advance(by: .milliseconds(1))
        await bells.heard(1)
        #expect(!clock.clear(alarm))
        await settled(sleepers: 0)
    }

    @Test func `one that is cleared never rings, and others do`() async {
        let clock = clock()
        let cleared = clock.set(at: time.now + .seconds(1)) { [bells] in bells.ring("cleared") }
        _ = clock.set(at: time.now + .seconds(1)) { [bells] in bells.ring("kept") }
        #expect(clock.clear(cleared))
        #expect(!clock.clear(cleared))
        await settled(sleepers: 1)
        time.advance(by: .seconds(5))
        await bells.heard(1)
        #expect(bells.rung == ["kept"])
    }

    @Test func `a sooner one that is set later rings at its own moment`() async {
        let clock = clock()
        _ = clock.set(at: time.now + .seconds(30)) { [bells] in bells.ring("late") }
        await settled(sleepers: 1)
        _ = clock.set(at: time.now + .seconds(1)) { [bells] in bells.ring("soon") }
        await settled(sleepers: 2)
        time.advance(by: .seconds(1))
        await bells.heard(1)
        #expect(bells.rung == ["soon"])
        // Of those who look for the later one, one is enough.
        await settled(sleepers: 1)
        time.advance(by: .seconds(29))
        await bells.heard(2)
        #expect(bells.rung == ["soon", "late"])
        _ = clock.set(at: time.now) { [bells] in bells.ring("due already") }
        await bells.heard(3)
    }

    @Test func `sooner ones again and again leave no sleepers behind`() async {
        let clock = clock()
        _ = clock.set(at: time.now + .seconds(900)) { [bells] in bells.ring("late") }
        for count in 1...50 {
            _ = clock.set(at: time.now + .seconds(3)) { [bells] in bells.ring("soon") }
            await settled(sleepers: 2)
            time.advance(by: .seconds(3))
            await bells.heard(count)
            await settled(sleepers: 1)
        }
        #expect(bells.sleeps == 51)
    }

    @Test func `each of many that are set and cleared at once rings or is cleared, and never both`() async {
        let clock = TimeSource.system.alarms
        let cleared = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask { @concurrent [bells] in
                    var cleared = 0
                    for number in 0..<500 {
                        let span = Duration.microseconds((task * 7919 + number * 104_729) % 20_000)
                        let alarm = clock.set(at: .now + span) { bells.ring("x") }
                        if number % 50 == 0 { try? await Task.sleep(for: .milliseconds(3)) }
                        if number % 2 == 0, clock.clear(alarm) { cleared += 1 }
                    }
                    return cleared
                }
            }
            return await group.reduce(0, +)
        }
        await bells.heard(4000 - cleared)
        // What rang twice would be heard soon after.
        try? await Task.sleep(for: .milliseconds(50))
        #expect(bells.rung.count == 4000 - cleared)
    }

    @Test func `a crowd of calls that end in time costs one sleep`() async {
        let clock = clock()
        for _ in 0..<10_000 {
            let alarm = clock.set(at: time.now + .seconds(30)) { [bells] in bells.ring("never") }
            #expect(clock.clear(alarm))
        }
        await settled(sleepers: 1)
        #expect(bells.sleeps == 1)
        time.advance(by: .seconds(30))
        await settled(sleepers: 0)
        #expect(bells.rung == [])
        // The clock sleeps again when there is something to sleep for.
        _ = clock.set(at: time.now + .seconds(1)) { [bells] in bells.ring("next") }
        await settled(sleepers: 1)
        time.advance(by: .seconds(1))
        await bells.heard(1)
    }

    @Test func `many that are due one after the other are looked for together`() async {
        let clock = clock()
        for number in 0..<1000 {
            _ = clock.set(at: time.now + .seconds(1) + .microseconds(number)) { [bells] in bells.ring("x") }
        }
        await settled(sleepers: 1)
        time.advance(by: .seconds(1))
        await bells.heard(1)
        await settled(sleepers: 1)
        time.advance(by: .milliseconds(10))
        await bells.heard(1000)
        #expect(bells.sleeps <= 3)
    }

    @Test func `in real time too`() async {
        let start = ContinuousClock.now
        _ = TimeSource.system.alarms.set(at: start + .milliseconds(30)) { [bells] in bells.ring("x") }
        await bells.heard(1)
        #expect(.now - start >= .milliseconds(30))
    }

    /// Waits until so many sleep: what a clock does it does on tasks of its own.
    private func settled(sleepers: Int) async {
        let end = ContinuousClock.now + .patience
        while time.sleeperCount != sleepers, ContinuousClock.now < end { await Task.yield() }
        #expect(time.sleeperCount == sleepers)
    }
}

private final class Bells: Sendable {
    private struct State {
        var rung: [String] = []
        var sleeps = 0
    }

    private let state = Mutex(State())

    var rung: [String] { state.withLock { $0.rung } }
    var sleeps: Int { state.withLock { $0.sleeps } }

    func ring(_ name: String) { state.withLock { $0.rung.append(name) } }
    func noteSleep() { state.withLock { $0.sleeps += 1 } }

    func heard(_ count: Int) async {
        let end = ContinuousClock.now + .patience
        while rung.count < count, ContinuousClock.now < end { await Task.yield() }
        #expect(rung.count == count)
    }
}
