import Kernel
import Resilience
import TestTime
import Testing

@Suite struct ScalingTests {
    private static func settings(_ change: (inout ScalingPolicy.Settings) -> Void = { _ in })
        -> ScalingPolicy.Settings
    {
        var settings = ScalingPolicy.Settings()
        change(&settings)
        return settings
    }

    private func expect(
        _ expected: ScalingPolicy.Decision, of policy: inout ScalingPolicy, _ load: ScalingPolicy.Load,
        at now: ContinuousClock.Instant, _ location: SourceLocation = #_sourceLocation
    ) {
        let decision = policy.decide(load, at: now)
        #expect(decision == expected, sourceLocation: location)
    }

    @Test func `the first job starts the first worker at once`() {
        var policy = ScalingPolicy(Self.settings())
        let idle = ScalingPolicy.Load(
            waiting: 0, busy: 0, oldestDueAge: .zero, workers: 0, draining: 0)
        expect(.hold, of: &policy, idle, at: .now)
        var one = idle
        one.waiting = 1
        expect(.start(1), of: &policy, one, at: .now)
    }

    @Test func `a minimum is kept without work, and never undercut`() {
        var policy = ScalingPolicy(
            Self.settings {
                $0.minimum = 2
            })
        var now = ContinuousClock.now
        var load = ScalingPolicy.Load(waiting: 0, busy: 0, oldestDueAge: .zero, workers: 0, draining: 0)
        expect(.start(2), of: &policy, load, at: now)
        load.workers = 3
        now += .seconds(600)
        expect(.drain(1), of: &policy, load, at: now)
        load.workers = 2
        now += .seconds(600)
        expect(.hold, of: &policy, load, at: now)
    }

    @Test func `workers that drain count towards the maximum`() {
        var policy = ScalingPolicy(Self.settings { $0.maximum = 4 })
        let load = ScalingPolicy.Load(
            waiting: 500, busy: 4, oldestDueAge: .seconds(9), workers: 1, draining: 3)
        expect(.hold, of: &policy, load, at: .now)
    }

    @Test func `a short queue that does not move wants one more`() {
        var policy = ScalingPolicy(Self.settings())
        var load = ScalingPolicy.Load(
            waiting: 1, busy: 2, oldestDueAge: .seconds(5), workers: 2, draining: 0)
        expect(.hold, of: &policy, load, at: .now)
        load.oldestDueAge = .seconds(60)
        expect(.start(1), of: &policy, load, at: .now)
    }

    @Test func `a pause shorter than the calm time drains nobody`() {
        var policy = ScalingPolicy(Self.settings())
        var now = ContinuousClock.now
        for second in 0..<600 {
            let isBurst = second % 100 < 50
            let load = ScalingPolicy.Load(
                waiting: isBurst ? 20 : 0, busy: isBurst ? 4 : 0, oldestDueAge: .seconds(1), workers: 4,
                draining: 0)
            expect(.hold, of: &policy, load, at: now)
            now += .seconds(1)
        }
    }

    /// Jobs of 4 s; workers take 2 s to start; a draining one ends with its job.
    private struct Farm {
        var waiting: [Int] = []
        /// Second at which each worker is free; ready from the first on.
        var workers: [(freeAt: Int, isBusy: Bool)] = []
        var draining: [Int] = []
        var done = 0
        var starts = 0
        var drains = 0
        var turns: [Int] = []

        func load(at second: Int) -> ScalingPolicy.Load {
            ScalingPolicy.Load(
                waiting: waiting.count, busy: workers.count { $0.isBusy } + draining.count,
                oldestDueAge: .seconds(waiting.first.map { second - $0 } ?? 0), workers: workers.count,
                draining: draining.count)
        }

        mutating func obey(_ decision: ScalingPolicy.Decision, at second: Int) {
            switch decision {
            case .hold: return
            case .start(let count):
                for _ in 0..<count { workers.append((second + 2, false)) }
                starts += count
                turns.append(1)
            case .drain(let count):
                for _ in 0..<count {
                    let worker = workers.removeLast()
                    if worker.isBusy { draining.append(worker.freeAt) }
                }
                drains += count
                turns.append(-1)
            }
        }

        mutating func pass(to second: Int) {
            done += draining.count { $0 <= second }
            draining.removeAll { $0 <= second }
            for index in workers.indices where workers[index].freeAt <= second {
                if workers[index].isBusy { done += 1 }
                workers[index].isBusy = !waiting.isEmpty
                guard workers[index].isBusy else { continue }
                waiting.removeFirst()
                workers[index].freeAt = second + 4
            }
        }
    }

    @Test(arguments: [1, 5, 10])
    func `a burst of 1000 jobs goes from none to the maximum and back to none, in one wave`(_ every: Int) {
        var policy = ScalingPolicy(
            Self.settings {
                $0.maximum = 16
                $0.maximumStep = 8
            })
        let start = ContinuousClock.now
        var farm = Farm()
        var most = 0
        var emptyAt: Int?
        for second in 0..<1_500 {
            // 100 a second for ten seconds.
            if second >= 30, second < 40 { farm.waiting += Array(repeating: second, count: 100) }
            farm.pass(to: second)
            if second % every == 0 {
                farm.obey(policy.decide(farm.load(at: second), at: start + .seconds(second)), at: second)
            }
            most = max(most, farm.workers.count + farm.draining.count)
            if farm.done == 1_000, farm.workers.isEmpty, emptyAt == nil { emptyAt = second }
        }
        #expect(farm.done == 1_000)
        #expect(most == 16 && farm.starts == 16 && farm.drains == 16)
        #expect(farm.workers.isEmpty && farm.draining.isEmpty)
        // Once it shrinks it grows no more.
        #expect(farm.turns == farm.turns.sorted(by: >))
        // The work itself, the calm, and a cooldown for each step.
        let bound = 40 + 250 + 120 + 4 * 60
        let end = emptyAt ?? Int.max
        #expect(end < bound)
    }

    @Test func `the loop obeys, and does nothing while the queue cannot be asked`() async throws {
        let time = SimulatedTime()
        let done = Recorder<String>()
        let failures = Recorder<Failure.Kind>()
        let loop = ScalingLoop(
            Self.settings { $0.outCooldown = .zero }, every: .seconds(1), time: time.source,
            pool: ScalingLoop.Pool(
                measure: {
                    done.add("measured")
                    guard done.all.count > 1 else { throw Failure.unavailable("queue") }
                    return ScalingPolicy.Load(
                        waiting: 40, busy: 0, oldestDueAge: .zero, workers: 0, draining: 0)
                }, start: { done.add("start \($0)") }, drain: { done.add("drain \($0)") })
        ) { failures.add($0.kind) }
        let task = Task { try await loop.run() }
        while time.sleeperCount < 1 { await Task.yield() }
        #expect(done.all == ["measured"] && failures.all == [.unavailable])
        time.advance(by: .seconds(1))
        while time.sleeperCount < 1 { await Task.yield() }
        #expect(done.all == ["measured", "measured", "start 4"])
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
