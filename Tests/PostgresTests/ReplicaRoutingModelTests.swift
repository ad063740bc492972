import Kernel
import Testing

@testable import Postgres

/// The routing machines against a simulated primary and replicas that lag, crash, restart with less than they had, and
/// show commits before the primary does.
@Suite struct ReplicaRoutingModelTests {
    @Test(arguments: 0..<40) func `no session reads stale or goes back`(seed: Int) {
        var simulation = RoutingSimulation(seed, fault: nil)
        simulation.run(steps: 500)
        let findings = simulation.history.findings
        #expect(findings.staleOwnReads == 0)
        #expect(findings.readsThatWentBack == 0)
        #expect(findings.ownReads > 20 && findings.repeatedReads > 100)
    }

    @Test func `most reads are answered by replicas`() {
        var simulation = RoutingSimulation(1, fault: nil)
        simulation.run(steps: 5000)
        #expect(simulation.replicaReads * 2 > simulation.primaryReads)
    }

    @Test(arguments: RoutingSimulation.Fault.allCases)
    func `a planted fault is found`(fault: RoutingSimulation.Fault) {
        var findings = RegisterHistory.Findings()
        for seed in 0..<40 {
            var simulation = RoutingSimulation(seed, fault: fault)
            simulation.run(steps: 500)
            findings.staleOwnReads += simulation.history.findings.staleOwnReads
            findings.readsThatWentBack += simulation.history.findings.readsThatWentBack
        }
        #expect(findings.readsThatWentBack > 0)
        if fault == .ignoresPosition { #expect(findings.staleOwnReads > 0) }
    }
}

/// Registers on a simulated primary and replicas, used by sessions through `ReplicaRouting` and `RoutingRead`.
struct RoutingSimulation {
    enum Fault: CaseIterable, Sendable {
        /// Reads do not ask for what the session has seen.
        case ignoresPosition
        /// Sessions remember writes and forget what they read.
        case forgetsReads
        /// A replica's answer advances the session to what it counts as replayed, not to what it may have shown.
        case trustsReplayed
        /// The primary is believed to show all that replicas show.
        case trustsPrimary
        /// Replicas are believed to have what they once had, without being asked.
        case trustsKnowledge
    }

    private struct Commit {
        let transaction: UInt64
        let register: Int
        var isFinished = false
    }

    private struct Replica {
        /// Numbers of commits.
        var received = 0
        var replayed = 0
        /// One more than replayed for a moment.
        var shown = 0
        var isPaused = false
        var downUntil = 0
    }

    private struct Session {
        var known = RoutingRead.Session()
        var writing: Int?
    }

    private static let registers = 3
    private static let bytesPerCommit: UInt64 = 10
    let history = RegisterHistory()
    private(set) var replicaReads = 0
    private(set) var primaryReads = 0

    private let fault: Fault?
    private var random: SeededNumbers
    private var routing: ReplicaRouting
    private var now = ContinuousClock.now
    private var time = 0
    private var commits: [Commit] = []
    private var begun: [(transaction: UInt64, register: Int, session: Int)] = []
    private var nextTransaction: UInt64 = 1
    private var replicas = [Replica(), Replica()]
    private var sessions = Array(repeating: Session(), count: 6)
    /// Commits that wait to be finished: which, whose, and when.
    private var unfinished: [(commit: Int, session: Int, at: Int)] = []

    init(_ seed: Int, fault: Fault?) {
        random = SeededNumbers(seed: UInt64(seed))
        self.fault = fault
        let settings = RoutingSettings(
            maximumWaiters: seed.isMultiple(of: 2) ? 0 : 4,
            ejection: Backoff(first: .milliseconds(20), maximum: .milliseconds(50)))
        routing = ReplicaRouting(["p", "r", "s"], settings: settings)
        for _ in 0..<2 { for server in 0..<3 { probe(server) } }
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            tick()
            let session = Int.random(in: 0..<sessions.count, using: &random)
            if sessions[session].writing == nil {
                if chance(4) { beginWrite(session) } else { readTwice(session) }
            }
        }
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    // MARK: The world

    private mutating func tick() {
        time += 1
        now += .milliseconds(1)
        commitOne()
        finish()
        for replica in replicas.indices { move(replica) }
        if chance(5) { probe(Int.random(in: 0..<3, using: &random)) }
    }

    private mutating func beginWrite(_ session: Int) {
        let register = Int.random(in: 0..<Self.registers, using: &random)
        begun.append((nextTransaction, register, session))
        nextTransaction += 1
        sessions[session].writing = register
    }

    /// Transactions commit in another order than they began; those on one register wait for each other.
    private mutating func commitOne() {
        guard !begun.isEmpty, chance(2) else { return }
        let index = Int.random(in: begun.indices, using: &random)
        let writer = begun[index]
        guard !unfinished.contains(where: { commits[$0.commit].register == writer.register }) else { return }
        begun.remove(at: index)
        commits.append(Commit(transaction: writer.transaction, register: writer.register))
        unfinished.append((commits.count - 1, writer.session, time + Int.random(in: 0...15, using: &random)))
    }

    private mutating func finish() {
        for entry in unfinished where entry.at <= time {
            commits[entry.commit].isFinished = true
            sessions[entry.session].writing = nil
            let position = UInt64(commits.count) * Self.bytesPerCommit
            routing.sent(0)
            routing.answered(0, ReplicaMark(isReplica: false, position: position), askedAt: now)
            let known = sessions[entry.session].known.position
            sessions[entry.session].known.position = max(known, position)
            history.wrote(entry.commit + 1, session: entry.session, register: commits[entry.commit].register)
        }
        unfinished.removeAll { $0.at <= time }
    }

    private mutating func move(_ index: Int) {
        var replica = replicas[index]
        defer { replicas[index] = replica }
        if chance(replica.isPaused ? 10 : 40) { replica.isPaused.toggle() }
        if chance(120) {
            replica.downUntil = time + 30
            replica.replayed = max(0, replica.replayed - Int.random(in: 0...20, using: &random))
            replica.shown = replica.replayed
        }
        guard time >= replica.downUntil else { return }
        replica.received = chance(3) ? commits.count : replica.received
        guard !replica.isPaused else { return }
        if replica.shown > replica.replayed {
            replica.replayed = replica.shown
        } else if replica.replayed < replica.received {
            if chance(4) {
                replica.replayed = Int.random(in: replica.replayed...replica.received - 1, using: &random)
            }
            replica.shown = replica.replayed + 1
        }
    }

    private func isDown(_ server: Int) -> Bool { server > 0 && time < replicas[server - 1].downUntil }

    private mutating func probe(_ server: Int) {
        guard routing.mayProbe(server, now: now) else { return }
        if isDown(server) {
            routing.probeFailed(server, now: now)
        } else {
            routing.probed(server, mark(server, snapshot(server)), askedAt: now, now: now)
        }
    }

    private func snapshot(_ server: Int) -> ReplicaSnapshot {
        if server > 0 {
            let last = commits.prefix(replicas[server - 1].shown).map(\.transaction).max() ?? 0
            return ReplicaSnapshot(end: last + 1)
        }
        let end = (commits.filter(\.isFinished).map(\.transaction).max() ?? 0) + 1
        let running = begun.map(\.transaction) + commits.filter { !$0.isFinished }.map(\.transaction)
        return ReplicaSnapshot(end: end, running: running.filter { $0 < end })
    }

    private func mark(_ server: Int, _ snapshot: ReplicaSnapshot) -> ReplicaMark {
        guard server > 0 else {
            let position = UInt64(commits.count) * Self.bytesPerCommit
            return ReplicaMark(isReplica: false, position: position, snapshot: snapshot, timeline: 1)
        }
        let replica = replicas[server - 1]
        return ReplicaMark(
            isReplica: true, position: UInt64(replica.replayed) * Self.bytesPerCommit,
            received: UInt64(fault == .trustsReplayed ? replica.replayed : replica.received)
                * Self.bytesPerCommit,
            snapshot: snapshot, timeline: 1)
    }

    private func value(of register: Int, on server: Int) -> Int {
        let seen = server > 0 ? commits.prefix(replicas[server - 1].shown) : commits[...]
        return (seen.lastIndex { $0.register == register && (server > 0 || $0.isFinished) } ?? -1) + 1
    }

    // MARK: A read

    private mutating func readTwice(_ session: Int) {
        let register = Int.random(in: 0..<Self.registers, using: &random)
        for _ in 0..<2 { read(session, register) }
    }

    private mutating func read(_ session: Int, _ register: Int) {
        var known = sessions[session].known
        if fault == .ignoresPosition { known = RoutingRead.Session() }
        if fault == .trustsPrimary { known.horizon = 0 }
        var read = RoutingRead(known, settings: routing.settings, now: now)
        defer { read.finish(&routing) }
        while true {
            switch read.next(&routing, now: now) {
            case .giveUp: return
            case .wait, .pause: tick()
            case .ask(let server, let atLeast):
                if ask(server, atLeast, &read, (session, register)) { return }
            }
        }
    }

    private mutating func ask(
        _ server: Int, _ atLeast: UInt64?, _ read: inout RoutingRead, _ place: (session: Int, register: Int)
    ) -> Bool {
        let (session, register) = place
        let askedAt = now
        if chance(2) { tick() }
        guard !isDown(server) else {
            return !read.failed(server, .unreachable, &routing, askedAt: askedAt, now: now)
        }
        let before = mark(server, snapshot(server))
        if let atLeast, before.position < atLeast, fault != .trustsKnowledge {
            return !read.failed(server, .behind(before), &routing, askedAt: askedAt, now: now)
        }
        let value = value(of: register, on: server)
        let seen = snapshot(server)
        if chance(2) { tick() }
        guard !isDown(server) else {
            return !read.failed(server, .unreachable, &routing, askedAt: askedAt, now: now)
        }
        guard let known = read.answered(server, mark(server, seen), &routing, askedAt: askedAt, now: now)
        else {
            return false
        }
        if server > 0 { replicaReads += 1 } else { primaryReads += 1 }
        // Another request of the session may have advanced it; none goes back.
        if fault != .forgetsReads {
            sessions[session].known.position = max(sessions[session].known.position, known.position)
            sessions[session].known.horizon = max(sessions[session].known.horizon, known.horizon)
        }
        if !read.isDoubtful { history.read(value, session: session, register: register) }
        return true
    }
}
