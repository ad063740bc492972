import Testing

@testable import Postgres

@Suite struct PoolStateTests {
    private let start = ContinuousClock.now

    private func later(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func `the member that became idle last is lent first`() {
        var pool = PoolState(members: 2, maximumQueue: 1)
        #expect(pool.submit(1, until: later(9), at: start) == [.run(1, member: 0)])
        #expect(pool.submit(2, until: later(9), at: start) == [.run(2, member: 1)])
        #expect(pool.finished(0, at: start) == [])
        #expect(pool.finished(1, at: start) == [])
        #expect(pool.submit(3, until: later(9), at: start) == [.run(3, member: 1)])
    }

    @Test func `calls wait in order, up to a bound`() {
        var pool = PoolState(members: 1, maximumQueue: 2)
        _ = pool.submit(1, until: later(9), at: start)
        #expect(pool.submit(2, until: later(9), at: start) == [])
        #expect(pool.submit(3, until: later(9), at: start) == [])
        #expect(pool.submit(4, until: later(9), at: start) == [.refuse(4, .full)])
        #expect(pool.finished(0, at: start) == [.run(2, member: 0)])
        #expect(pool.submit(5, until: later(9), at: start) == [])
        #expect(pool.finished(0, at: start) == [.run(3, member: 0)])
        #expect(pool.finished(0, at: start) == [.run(5, member: 0)])
    }

    @Test func `who waits past the deadline is told so, and takes no connection`() {
        var pool = PoolState(members: 1, maximumQueue: 9)
        _ = pool.submit(1, until: later(1), at: start)
        _ = pool.submit(2, until: later(2), at: start)
        _ = pool.submit(3, until: later(3), at: start)
        #expect(pool.expire(at: later(1)) == [])
        #expect(pool.finished(0, at: later(2)) == [.refuse(2, .late), .run(3, member: 0)])
    }

    @Test func `who gives up is forgotten while waiting and cancelled while running`() {
        var pool = PoolState(members: 1, maximumQueue: 9)
        _ = pool.submit(1, until: later(9), at: start)
        _ = pool.submit(2, until: later(9), at: start)
        #expect(pool.abandon(2) == [.refuse(2, .abandoned)])
        #expect(pool.abandon(1) == [.cancel(member: 0)])
        #expect(pool.abandon(7) == [])
        #expect(pool.finished(0, at: start) == [])
        #expect(pool.abandon(1) == [])
    }

    @Test
    func
        `while nothing is connected, a failed connection refuses all that wait, and for a while all that come`()
    {
        var pool = PoolState(members: 1, maximumQueue: 9)
        _ = pool.submit(1, until: later(9), at: start)
        _ = pool.submit(2, until: later(9), at: start)
        #expect(pool.connectFailed(0, until: later(1)) == [.refuse(2, .unreachable)])
        #expect(pool.finished(0, at: start) == [])
        #expect(pool.submit(3, until: later(9), at: start) == [.refuse(3, .unreachable)])
        #expect(pool.submit(4, until: later(9), at: later(1)) == [.run(4, member: 0)])
        pool.connected(0)
        #expect(pool.failuresInARow == 0)
    }

    @Test func `while another is connected, a failed connection costs its own call alone`() {
        var pool = PoolState(members: 2, maximumQueue: 9)
        _ = pool.submit(1, until: later(9), at: start)
        pool.connected(0)
        _ = pool.submit(2, until: later(9), at: start)
        _ = pool.submit(3, until: later(9), at: start)
        #expect(pool.connectFailed(1, until: later(1)) == [])
        #expect(pool.finished(1, at: start) == [.run(3, member: 1)])
    }

    @Test func `closing ends the idle at once and the others after what was accepted`() {
        var pool = PoolState(members: 2, maximumQueue: 9)
        _ = pool.submit(1, until: later(9), at: start)
        #expect(pool.close() == [.end(member: 1)])
        #expect(pool.close() == [])
        #expect(pool.submit(2, until: later(9), at: start) == [.refuse(2, .closed)])
        #expect(pool.finished(0, at: start) == [.end(member: 0)])
    }

    /// Of any history: each call is answered once, members run one call at a time, bounds hold, all ends.
    @Test(arguments: 0..<200) func `any order of events leaves nobody without an answer`(_ seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        var model = PoolModel(members: Int.random(in: 1...4, using: &random), maximumQueue: 5)
        for call in 0..<200 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: model.submit(call, until: later(call / 10 + 3), at: later(call / 10))
            case 2, 3: model.finishOne(at: later(call / 10), using: &random)
            case 4: model.abandon(Int.random(in: 0...call, using: &random))
            default: model.act(model.pool.expire(at: later(call / 10)))
            }
            #expect(model.pool.waiting <= 5)
            #expect(model.problems.isEmpty)
        }
        model.act(model.pool.close())
        while model.finishOne(at: later(30), using: &random) {}
        #expect(model.problems.isEmpty)
        #expect(model.open.isEmpty)
        #expect(model.ended.count == model.members)
    }
}

private struct PoolModel {
    let members: Int
    var pool: PoolState
    /// Calls without an answer.
    var open: Set<Int> = []
    var running: [Int: Int] = [:]
    var ended: Set<Int> = []
    var problems: [String] = []

    init(members: Int, maximumQueue: Int) {
        self.members = members
        pool = PoolState(members: members, maximumQueue: maximumQueue)
    }

    mutating func submit(_ call: Int, until: ContinuousClock.Instant, at now: ContinuousClock.Instant) {
        open.insert(call)
        act(pool.submit(call, until: until, at: now))
    }

    mutating func abandon(_ call: Int) { act(pool.abandon(call)) }

    @discardableResult
    mutating func finishOne(at now: ContinuousClock.Instant, using random: inout SeededNumbers) -> Bool {
        guard let (member, call) = running.randomElement(using: &random) else { return false }
        running[member] = nil
        open.remove(call)
        act(pool.finished(member, at: now))
        return true
    }

    mutating func act(_ actions: [PoolState.Action]) {
        for action in actions {
            switch action {
            case .run(let call, let member):
                if running[member] != nil || ended.contains(member) {
                    problems.append("member \(member) is not free")
                }
                if !open.contains(call) { problems.append("call \(call) runs after its answer") }
                running[member] = call
            case .refuse(let call, _):
                if open.remove(call) == nil { problems.append("call \(call) is answered twice") }
            case .cancel(let member):
                if running[member] == nil { problems.append("member \(member) runs nothing") }
            case .end(let member):
                if !ended.insert(member).inserted { problems.append("member \(member) ends twice") }
            }
        }
    }
}
