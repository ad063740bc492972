import Kernel
import Resilience
import TestTime
import Testing

@Suite struct BreakerTests {
    private static func settings(_ change: (inout Breaker.Settings) -> Void = { _ in }) -> Breaker.Settings {
        var settings = Breaker.Settings()
        settings.consecutiveFailures = 3
        settings.open = Backoff(first: .seconds(1), maximum: .seconds(4))
        change(&settings)
        return settings
    }

    /// A breaker and its clock, told one outcome after the other.
    private struct Stage {
        var breaker: Breaker
        var now = ContinuousClock.now

        mutating func admit() -> Breaker.Ticket? {
            guard case .admitted(let ticket) = breaker.admit(at: now) else { return nil }
            return ticket
        }

        /// False if it was refused.
        @discardableResult
        mutating func call(_ outcome: Breaker.Outcome) -> Bool {
            guard let ticket = admit() else { return false }
            _ = breaker.record(outcome, of: ticket, at: now)
            return true
        }
    }

    @Test func `so many failures in a row open it, and a success between them does not`() {
        var stage = Stage(breaker: Breaker(Self.settings()))
        for outcome in [Breaker.Outcome.failure, .failure, .success, .failure, .failure] {
            stage.call(outcome)
        }
        #expect(stage.breaker.state == .closed)
        stage.call(.failure)
        #expect(stage.breaker.state == .open(until: stage.now + .seconds(1)))
        let refused = stage.admit()
        #expect(refused == nil)
    }

    @Test func `a share of failures opens it once there were enough calls`() {
        var stage = Stage(
            breaker: Breaker(
                Self.settings {
                    $0.consecutiveFailures = 1000
                    $0.minimumCalls = 20
                }))
        for number in 0..<19 { stage.call(number % 2 == 0 ? .failure : .success) }
        #expect(stage.breaker.state == .closed)
        stage.call(.failure)
        #expect(stage.breaker.state != .closed)
    }

    @Test func `failures older than the window count no more`() {
        var stage = Stage(
            breaker: Breaker(
                Self.settings {
                    $0.consecutiveFailures = 1000
                    $0.minimumCalls = 10
                }))
        for _ in 0..<9 { stage.call(.failure) }
        stage.now += .seconds(11)
        for number in 0..<20 { stage.call(number == 0 ? .failure : .success) }
        #expect(stage.breaker.state == .closed)
    }

    @Test func `half open lets so many through at once, and closes when all succeed`() {
        var stage = Stage(breaker: Breaker(Self.settings { $0.trials = 2 }))
        for _ in 0..<3 { stage.call(.failure) }
        stage.now += .seconds(1)
        let first = stage.admit()
        let second = stage.admit()
        let third = stage.admit()
        #expect(first != nil && second != nil && third == nil)
        #expect(stage.breaker.state == .halfOpen)
        for ticket in [first, second].compactMap({ $0 }) {
            _ = stage.breaker.record(.success, of: ticket, at: stage.now)
        }
        #expect(stage.breaker.state == .closed)
    }

    @Test
    func `it stays open longer each time that a trial fails, up to a maximum, and begins anew once closed`() {
        var stage = Stage(breaker: Breaker(Self.settings { $0.trials = 1 }))
        for _ in 0..<3 { stage.call(.failure) }
        for seconds in [1, 2, 4, 4] {
            #expect(stage.breaker.state == .open(until: stage.now + .seconds(seconds)))
            stage.now += .seconds(seconds) - .milliseconds(1)
            let early = stage.admit()
            #expect(early == nil)
            stage.now += .milliseconds(1)
            stage.call(.failure)
        }
        stage.now += .seconds(4)
        stage.call(.success)
        for _ in 0..<3 { stage.call(.failure) }
        #expect(stage.breaker.state == .open(until: stage.now + .seconds(1)))
    }

    @Test func `a cancelled trial frees its place and decides nothing`() {
        var stage = Stage(breaker: Breaker(Self.settings { $0.trials = 1 }))
        for _ in 0..<3 { stage.call(.failure) }
        stage.now += .seconds(1)
        for _ in 0..<5 {
            let isAdmitted = stage.call(.ignored)
            #expect(isAdmitted)
        }
        #expect(stage.breaker.state == .halfOpen)
        stage.call(.success)
        #expect(stage.breaker.state == .closed)
    }

    @Test func `a trial that never reports does not keep it half open for ever`() {
        var stage = Stage(breaker: Breaker(Self.settings { $0.trials = 1 }))
        for _ in 0..<3 { stage.call(.failure) }
        stage.now += .seconds(1)
        let lost = stage.admit()
        let next = stage.admit()
        #expect(lost != nil && next == nil)
        stage.now += .seconds(60)
        stage.call(.success)
        #expect(stage.breaker.state == .closed)
    }

    @Test func `what a slow call of an earlier period brings changes nothing`() throws {
        var stage = Stage(breaker: Breaker(Self.settings { $0.trials = 1 }))
        let ticket = stage.admit()
        let slow = try #require(ticket)
        for _ in 0..<3 { stage.call(.failure) }
        stage.now += .seconds(1)
        stage.call(.success)
        for _ in 0..<2 { stage.call(.failure) }
        let change = stage.breaker.record(.failure, of: slow, at: stage.now)
        #expect(change == nil)
        #expect(stage.breaker.state == .closed)
    }

    @Test(arguments: Failure.Kind.allCases)
    func `only what passes by itself is a failure of the dependency`(_ kind: Failure.Kind) {
        let outcome = Breaker.Outcome(of: Failure(kind, "code", "detail"))
        switch kind {
        case .overloaded, .unavailable, .timeout: #expect(outcome == .failure)
        case .cancelled, .internal: #expect(outcome == .ignored)
        default: #expect(outcome == .success)
        }
        #expect(Breaker.Outcome(of: CancellationError()) == .ignored)
    }

    @Test func `the gate refuses without a call, says how long, and tells its changes`() async throws {
        let time = SimulatedTime()
        let changes = Recorder<Breaker.State>()
        let gate = BreakerGate("store", settings: Self.settings { $0.trials = 1 }, time: time.source) {
            changes.add($0)
        }
        let calls = Recorder<Int>()
        func fail() async -> Failure? {
            do {
                try await gate.call {
                    calls.add(1)
                    throw Failure.unavailable("store")
                }
                return nil
            } catch { return .wrapping(error) }
        }
        for _ in 0..<3 { _ = await fail() }
        #expect(calls.all.count == 3)
        time.advance(by: .milliseconds(400))
        let refusal = await fail()
        #expect(refusal?.kind == .unavailable && refusal?.retryAfter == .milliseconds(600))
        #expect(calls.all.count == 3)
        time.advance(by: .milliseconds(600))
        #expect(try await gate.call { 7 } == 7)
        #expect(gate.state == .closed)
        let told = changes.all
        #expect(told.count == 3 && told[1] == .halfOpen && told[2] == .closed)
    }

    @Test func `racing callers never exceed the trials`() async {
        let time = SimulatedTime()
        let gate = BreakerGate("store", settings: Self.settings { $0.trials = 3 }, time: time.source)
        for _ in 0..<3 { try? await gate.call { throw Failure.unavailable("store") } }
        time.advance(by: .seconds(1))
        let admitted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    if case .admitted = gate.tryAdmit() { return true }
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(admitted == 3)
    }
}
