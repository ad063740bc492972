import Kernel
import Logging
import Relational
import Synchronization
import Testing

@testable import Postgres

/// A server that does what a test says.
private final class ScriptedServer: ReplicaEndpoint {
    struct State {
        var isReplica: Bool
        var position: UInt64 = 100
        var timeline: UInt32 = 1
        var readFailures: [PostgresError] = []
        var writeFailures: [PostgresError] = []
        var isDown = false
        var reads = 0
        var writes = 0
        var probes = 0
    }

    let name: String
    let state: Mutex<State>

    init(_ name: String, isReplica: Bool) {
        self.name = name
        state = Mutex(State(isReplica: isReplica))
    }

    var reads: Int { state.withLock { $0.reads } }
    var writes: Int { state.withLock { $0.writes } }
    var probes: Int { state.withLock { $0.probes } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func read<Value: Sendable>(
        _ scope: SQLScope, atLeast: UInt64?, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value> {
        let mark = try state.withLock { state in
            if let failure = state.readFailures.popLast() { throw failure.failure }
            let mark = try Self.mark(state)
            if let atLeast, mark.position < atLeast {
                throw PostgresError(.behind, message: "behind", mark: mark).failure
            }
            state.reads += 1
            return mark
        }
        return Positioned(try body(NoConnection()), mark)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Positioned<Value> {
        let mark = try state.withLock { state in
            if let failure = state.writeFailures.popLast() { throw failure.failure }
            _ = try Self.mark(state)
            if state.isReplica { throw PostgresError(.notPrimary, message: "read only").failure }
            state.writes += 1
            state.position += 10
            return try Self.mark(state)
        }
        return Positioned(try body(NoConnection()), mark)
    }

    func probe(within deadline: Duration) async throws -> ReplicaMark {
        try state.withLock { state in
            state.probes += 1
            return try Self.mark(state)
        }
    }

    func reset() {}
    func close() async {}

    private static func mark(_ state: State) throws -> ReplicaMark {
        guard !state.isDown else { throw PostgresError(.connectionLost, message: "down").failure }
        return ReplicaMark(
            isReplica: state.isReplica, position: state.position,
            received: state.isReplica ? state.position : nil,
            timeline: state.timeline)
    }

    private struct NoConnection: SQLConnection {
        var dialect: SQLDialect { .postgres }
        func run(_ statement: SQLStatement) throws -> Int { 0 }
        func query(_ statement: SQLStatement, row: (any SQLRow) throws -> Void) throws {}
        func script(_ sql: String) throws {}
    }
}

@Suite struct ReplicaSetTests {
    private let primary = ScriptedServer("p", isReplica: false)
    private let first = ScriptedServer("a", isReplica: true)
    private let second = ScriptedServer("b", isReplica: true)
    private let tally = ReplicaTally()

    private func with(
        patience: Duration = .seconds(5), probeInterval: Duration = .milliseconds(10),
        _ body: (ReplicaSet) async throws -> Void
    ) async throws {
        var settings = ReplicaSet.Settings(probeInterval: probeInterval)
        settings.routing.failoverPatience = patience
        let set = ReplicaSet(
            endpoints: [primary, first, second], settings: settings, logger: Logger(label: "test"),
            observe: tally.note)
        let isReady = try await soon { set.health.out.isEmpty && set.health.replicas.count == 2 }
        #expect(isReady, "\(set.health)")
        do {
            try await body(set)
            await set.close()
        } catch {
            await set.close()
            throw error
        }
    }

    private func read(_ set: ReplicaSet) async throws { try await set.read(.system) { _ in } }

    @Test func `reads without session and of sessions that must see all go to the primary`() async throws {
        try await with { set in
            try await read(set)
            let session = Consistency(["main": 5], readsPrimary: true)
            try await Consistency.$current.withValue(session) { try await read(set) }
            #expect(primary.reads == 2 && first.reads + second.reads == 0)
            #expect(session.position(in: "main") == 100)
            #expect(tally.counts.reasons == [.noSession: 2])
        }
    }

    @Test func `a call has servers asked that nobody has asked for long`() async throws {
        try await with(probeInterval: .seconds(600)) { set in
            let servers = [primary, first, second]
            let before = servers.map(\.probes)
            try await read(set)
            #expect(try await soon { zip(servers, before).allSatisfy { $0.probes > $1 } })
        }
    }

    @Test func `a session's writes and reads advance it, and the other replica must follow`() async throws {
        try await with { set in
            let session = Consistency()
            try await Consistency.$current.withValue(session) {
                try await set.write(.system) { _ in }
                #expect(session.position(in: "main") == 110)
                second.change { $0.position = 130 }
                try await read(set)
                #expect(session.position(in: "main") == 130)
                #expect(second.reads == 1 && first.reads == 0)
            }
        }
    }

    @Test func `a read fails over to other servers, a body's own failure does not`() async throws {
        try await with { set in
            for replica in [first, second] {
                replica.change { $0.readFailures = [PostgresError(.connectionLost, message: "lost")] }
            }
            try await Consistency.$current.withValue(Consistency()) { try await read(set) }
            #expect(primary.reads + first.reads + second.reads == 1)
            #expect(tally.counts.detours >= 1)
            for replica in [first, second] {
                replica.change { $0.readFailures = [PostgresError(.statement, message: "no such column")] }
            }
            await #expect(throws: Failure.self) {
                try await Consistency.$current.withValue(Consistency()) { try await read(set) }
            }
        }
    }

    @Test func `a write is tried again only if nothing of it happened`() async throws {
        try await with { set in
            primary.change { $0.writeFailures = [PostgresError(.connectionLost, message: "lost")] }
            try await set.write(.system) { _ in }
            #expect(primary.writes == 1 && tally.counts.writesRetried == 1)

            primary.change { $0.writeFailures = [PostgresError(.outcomeUnknown, message: "lost")] }
            let failure = await #expect(throws: Failure.self) { try await set.write(.system) { _ in } }
            #expect(failure?.code == "outcome_unknown")
            #expect(primary.writes == 1 && tally.counts.unknown == 1)
        }
    }

    @Test func `writes find the promoted server, and none go to the old one`() async throws {
        try await with { set in
            primary.change { $0.isDown = true }
            let promotion = Task {
                try await Task.sleep(for: .milliseconds(50))
                first.change {
                    $0.isReplica = false; $0.timeline = 2
                }
            }
            try await set.write(.system) { _ in }
            try await promotion.value
            #expect(first.writes == 1 && set.primary == "a")
            primary.change { $0.isDown = false }
            #expect(try await soon { set.health.out["p"]?.contains("fenced") == true })
            for _ in 0..<20 { try await set.write(.system) { _ in } }
            #expect(primary.writes == 0 && first.writes == 21)
        }
    }

    @Test func `a demoted primary is noticed by the write that it refuses`() async throws {
        try await with { set in
            primary.change {
                $0.isReplica = true; $0.timeline = 2
            }
            second.change {
                $0.isReplica = false; $0.timeline = 2
            }
            try await set.write(.system) { _ in }
            #expect(second.writes == 1)
        }
    }

    @Test func `without a primary writes fail in time, and sessions still read from replicas`() async throws {
        try await with(patience: .milliseconds(200)) { set in
            primary.change { $0.isDown = true }
            let start = ContinuousClock.now
            let failure = await #expect(throws: Failure.self) { try await set.write(.system) { _ in } }
            #expect(failure?.kind == .unavailable)
            #expect(ContinuousClock.now - start < .seconds(5))
            try await Consistency.$current.withValue(Consistency(["main": 90])) { try await read(set) }
            #expect(first.reads + second.reads == 1)
        }
    }

    @Test func `a read waits for a replica that catches up in time`() async throws {
        try await with { set in
            let session = Consistency()
            try await Consistency.$current.withValue(session) {
                try await set.write(.system) { _ in }
                let catchUp = Task {
                    try await Task.sleep(for: .milliseconds(5))
                    first.change { $0.position = 110 }
                }
                try await read(set)
                try await catchUp.value
            }
            #expect(first.reads == 1 || primary.reads == 1)
        }
    }

    @Test func `a cancelled read ends`() async throws {
        try await with { set in
            for server in [primary, first, second] { server.change { $0.isDown = true } }
            let task = Task { try await read(set) }
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
        }
    }
}
