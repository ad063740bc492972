import Testing

@testable import Postgres

@Suite struct PipelineStateTests {
    private let start = ContinuousClock.now

    private func request(_ number: Int, _ lane: PipelineState.Lane = .tenant, seconds: Int = 9)
        -> PipelineState.Request
    {
        PipelineState.Request(number, lane, deadline: start + .seconds(seconds))
    }

    /// With its connections up.
    private func ready(slots: Int = 1, batch: Int = 4, queue: Int = 100) -> PipelineState {
        var state = PipelineState(slots: slots, maximumBatch: batch, maximumQueue: queue)
        for slot in 0..<slots { state.connected(slot) }
        return state
    }

    @Test func `it connects when the first statement comes`() {
        var state = PipelineState(slots: 2, maximumBatch: 4, maximumQueue: 9)
        #expect(state.submit(request(1), at: start) == [.connect(0), .connect(1)])
        #expect(state.submit(request(2), at: start) == [])
        #expect(state.dispatch() == [])
        state.connected(1)
        #expect(state.dispatch() == [.send(1, [[1, 2]])])
    }

    @Test func `what comes while a batch travels makes the next, up to a bound`() {
        var state = ready()
        for number in 1...2 { _ = state.submit(request(number), at: start) }
        #expect(state.dispatch() == [.send(0, [[1, 2]])])
        for number in 3...8 { _ = state.submit(request(number), at: start) }
        #expect(state.dispatch() == [])
        state.answered(0, .succeeded)
        state.answered(0, .succeeded)
        #expect(state.dispatch() == [])
        #expect(state.synced(0) == [.deliver(1), .deliver(2)])
        #expect(state.dispatch() == [.send(0, [[3, 4, 5, 6]])])
    }

    @Test func `connections share what waits`() {
        var state = ready(slots: 2)
        for number in 1...3 { _ = state.submit(request(number), at: start) }
        #expect(state.dispatch() == [.send(0, [[1, 2]]), .send(1, [[3]])])
    }

    @Test func `lanes never share a transaction`() {
        var state = ready()
        _ = state.submit(request(1, .tenant), at: start)
        _ = state.submit(request(2, .system, seconds: 10), at: start)
        _ = state.submit(request(3, .tenant, seconds: 11), at: start)
        #expect(state.dispatch() == [.send(0, [[1, 3]])])
        for _ in 0..<2 { state.answered(0, .succeeded) }
        #expect(state.synced(0) == [.deliver(1), .deliver(3)])
        #expect(state.dispatch() == [.send(0, [[2]])])
    }

    @Test func `a statement that fails fails alone: all others go again, each for itself`() {
        var state = ready()
        for number in 1...4 { _ = state.submit(request(number), at: start) }
        _ = state.dispatch()
        for outcome in [PipelineState.Outcome.succeeded, .failed, .aborted, .aborted] {
            state.answered(0, outcome)
        }
        #expect(state.synced(0) == [.fail(2)])
        #expect(state.dispatch() == [.send(0, [[1], [3], [4]])])
        state.answered(0, .succeeded)
        #expect(state.synced(0) == [.deliver(1)])
        state.answered(0, .failed)
        #expect(state.synced(0) == [.fail(3)])
        #expect(state.dispatch() == [])
        state.answered(0, .succeeded)
        #expect(state.synced(0) == [.deliver(4)])
        #expect(state.waiting + state.travelling == 0)
    }

    @Test func `what travels over a lost connection goes once more for each connection that may be lost too`()
    {
        var state = ready(slots: 2)
        for number in 1...2 { _ = state.submit(request(number), at: start) }
        #expect(state.dispatch() == [.send(0, [[1]]), .send(1, [[2]])])
        state.answered(0, .succeeded)
        #expect(state.lost(0) == [.connect(0)])
        #expect(state.dispatch() == [])
        state.answered(1, .succeeded)
        #expect(state.synced(1) == [.deliver(2)])
        #expect(state.dispatch() == [.send(1, [[1]])])
        #expect(state.lost(1) == [.connect(1)])
        state.connected(0)
        #expect(state.dispatch() == [.send(0, [[1]])])
        #expect(state.lost(0) == [.refuse(1, .lost)])
    }

    @Test func `who gives up is answered at once, and its neighbours are not disturbed`() {
        var state = ready()
        for number in 1...3 { _ = state.submit(request(number), at: start) }
        #expect(state.abandon(2) == [.refuse(2, .abandoned)])
        #expect(state.dispatch() == [.send(0, [[1, 3]])])
        #expect(state.abandon(1) == [.refuse(1, .abandoned)])
        for _ in 0..<2 { state.answered(0, .succeeded) }
        #expect(state.synced(0) == [.deliver(3)])
    }

    @Test func `what waits too long is refused, and a connection that owes an answer too long is dropped`() {
        var state = ready(slots: 1, batch: 2)
        _ = state.submit(request(1, seconds: 1), at: start)
        _ = state.submit(request(2, seconds: 5), at: start)
        _ = state.submit(request(3, seconds: 2), at: start)
        #expect(state.dispatch() == [.send(0, [[1, 2]])])
        let late = start + .seconds(2)
        #expect(state.expire(at: late) == [.refuse(3, .late), .refuse(1, .late), .drop(0), .connect(0)])
        #expect(state.waiting == 1)
    }

    @Test func `what waits is bounded`() {
        var state = PipelineState(slots: 1, maximumBatch: 4, maximumQueue: 2)
        for number in 1...2 { _ = state.submit(request(number), at: start) }
        #expect(state.submit(request(3), at: start) == [.refuse(3, .full)])
    }

    @Test func `nobody waits for a server that cannot be reached`() {
        var state = PipelineState(slots: 2, maximumBatch: 4, maximumQueue: 9)
        _ = state.submit(request(1), at: start)
        #expect(state.connectFailed(0, until: start + .seconds(1)) == [])
        #expect(state.connectFailed(1, until: start + .seconds(1)) == [.refuse(1, .unreachable)])
        #expect(state.submit(request(2), at: start) == [.refuse(2, .unreachable)])
        #expect(state.submit(request(3), at: start + .seconds(1)) == [.connect(0), .connect(1)])
    }

    @Test func `closing refuses what waits and lets arrive what travels`() {
        var state = ready(batch: 1)
        for number in 1...2 { _ = state.submit(request(number), at: start) }
        _ = state.dispatch()
        #expect(state.close() == [.refuse(2, .closed)])
        #expect(state.submit(request(3), at: start) == [.refuse(3, .closed)])
        state.answered(0, .succeeded)
        #expect(state.synced(0) == [.deliver(1)])
    }

    /// Of any history: each statement is answered once, only culprits fail, and what is delivered was committed.
    @Test(arguments: 0..<300) func `any order of events gives each statement its own answer`(_ seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed) &+ 77)
        var model = PipelineModel(slots: Int.random(in: 1...3, using: &random), start: start)
        for number in 0..<300 { model.step(number, using: &random) }
        for _ in 0..<3000 where !model.open.isEmpty { model.settle(using: &random) }
        #expect(model.problems == [])
        #expect(model.open.isEmpty)
        #expect(model.state.waiting + model.state.travelling == 0)
    }
}

/// A server that answers in order: every seventh statement fails, and its transaction with it.
private struct PipelineModel {
    let start: ContinuousClock.Instant
    var state: PipelineState
    var open: Set<Int> = []
    var problems: [String] = []
    /// Transactions under way, by connection, as numbers; nil while it is down.
    private var slots: [[[Int]]?]
    private var answered: [Int]
    private var succeeded: Set<Int> = []
    private var connecting: Set<Int> = []
    private var lanes: [Int: PipelineState.Lane] = [:]

    init(slots count: Int, start: ContinuousClock.Instant) {
        self.start = start
        state = PipelineState(slots: count, maximumBatch: 5, maximumQueue: 40)
        slots = Array(repeating: nil, count: count)
        answered = Array(repeating: 0, count: count)
    }

    mutating func step(_ number: Int, using random: inout SeededNumbers) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...4:
            open.insert(number)
            let lane = Bool.random(using: &random) ? PipelineState.Lane.system : .tenant
            lanes[number] = lane
            act(state.submit(PipelineState.Request(number, lane, deadline: start + .seconds(60)), at: start))
        case 5: if open.contains(number - 3) { act(state.abandon(number - 3)) }
        case 6: lose(Int.random(in: 0..<slots.count, using: &random))
        default: settle(using: &random)
        }
        act(state.dispatch())
    }

    /// One thing that a server does.
    mutating func settle(using random: inout SeededNumbers) {
        if let slot = connecting.randomElement(using: &random) {
            connecting.remove(slot)
            slots[slot] = []
            answered[slot] = 0
            state.connected(slot)
        }
        let slot = Int.random(in: 0..<slots.count, using: &random)
        if let part = slots[slot]?.first {
            if answered[slot] < part.count { answer(slot, part) } else { sync(slot) }
        }
        act(state.dispatch())
    }

    private mutating func answer(_ slot: Int, _ part: [Int]) {
        let number = part[answered[slot]]
        let culprit = part.firstIndex { $0 % 7 == 0 } ?? part.count
        answered[slot] += 1
        if answered[slot] - 1 < culprit {
            succeeded.insert(number)
            state.answered(slot, .succeeded)
        } else {
            state.answered(slot, answered[slot] - 1 == culprit ? .failed : .aborted)
        }
    }

    private mutating func sync(_ slot: Int) {
        slots[slot]?.removeFirst()
        answered[slot] = 0
        act(state.synced(slot))
    }

    private mutating func lose(_ slot: Int) {
        guard slots[slot] != nil else { return }
        slots[slot] = nil
        act(state.lost(slot))
    }

    private mutating func act(_ actions: [PipelineState.Action]) {
        for action in actions {
            switch action {
            case .connect(let slot): connecting.insert(slot)
            case .send(let slot, let parts):
                if slots[slot]?.isEmpty != true { problems.append("sent over a busy connection") }
                for part in parts where Set(part.map { lanes[$0] }).count > 1 {
                    problems.append("lanes mixed")
                }
                slots[slot] = parts
                answered[slot] = 0
            case .deliver(let number):
                close(number)
                if !succeeded.contains(number) || number % 7 == 0 {
                    problems.append("\(number) did not succeed")
                }
            case .fail(let number):
                close(number)
                if number % 7 != 0 { problems.append("\(number) failed for another") }
            case .refuse(let number, _): close(number)
            case .drop: problems.append("dropped")
            }
        }
    }

    private mutating func close(_ number: Int) {
        if open.remove(number) == nil { problems.append("\(number) answered twice") }
    }
}
