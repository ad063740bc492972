import Foundation
import Kernel
import Logging
import Synchronization

@testable import Postgres
@testable import Relational

/// What a set of servers told of its work, counted.
final class ReplicaTally: Sendable {
    struct Counts: Sendable {
        var replica = 0
        var reasons: [RoutingReason: Int] = [:]
        var refused = 0
        var detours = 0
        var doubtful = 0
        var writesRetried = 0
        var unknown = 0
        var changes: [ReplicaChange] = []

        var primary: Int { reasons.values.reduce(0, +) }
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func note(_ observation: ReplicaObservation) {
        state.withLock { counts in
            switch observation {
            case .readFromReplica: counts.replica += 1
            case .readFromPrimary(let reason): counts.reasons[reason, default: 0] += 1
            case .refused: counts.refused += 1
            case .detour: counts.detours += 1
            case .doubtful: counts.doubtful += 1
            case .writeRetried: counts.writesRetried += 1
            case .outcomeUnknown: counts.unknown += 1
            case .change(let change): counts.changes.append(change)
            case .lag: break
            }
        }
    }
}

final class FailureList: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { list.withLock { $0 } }

    func add(_ failure: String) { list.withLock { $0.append(failure) } }
}

extension ReplicaSet {
    /// Over all servers of `cluster`, as the application's role, and ready.
    static func open(
        _ cluster: PrivateCluster, tally: ReplicaTally = ReplicaTally(), mustBeWhole: Bool = true,
        _ change: (inout RoutingSettings) -> Void = { _ in }
    ) async throws -> ReplicaSet {
        var postgres = PostgresSettings(url: cluster.url, connections: 8)
        postgres.reconnect = Backoff(first: .milliseconds(5), maximum: .milliseconds(100))
        let placements = TenantPlacements()
        let servers = try postgres.addresses().map {
            try PostgresServer(address: $0, settings: postgres, placements: placements)
        }
        var settings = ReplicaSet.Settings()
        change(&settings.routing)
        let set = ReplicaSet(servers, settings: settings, logger: Logger(label: "test"), observe: tally.note)
        guard try await soon({ set.health.isServing && (set.health.out.isEmpty || !mustBeWhole) }) else {
            let health = set.health
            await set.close()
            throw ShellFailure(description: "never ready: \(health)")
        }
        return set
    }
}

/// Registers in a private cluster that many sessions write and read through a `ReplicaSet`.
struct RegisterStage: Sendable {
    enum Fault: CaseIterable, Sendable {
        /// Each read has a session that knows nothing.
        case ignoresPosition
        /// Sessions know what they wrote and forget what they read.
        case forgetsReads
    }

    struct Load: Sendable {
        var sessions = 64
        var rounds = Int.max
        /// Of each round, after its write.
        var reads = 8
        var pause: Duration?
        var pauseOfReads: Duration?
        var fault: Fault?
    }

    private static let registers = 32
    private static let table = SystemTable("register")

    let cluster: PrivateCluster
    let set: ReplicaSet
    let tally = ReplicaTally()
    private let failed = FailureList()

    /// Of calls that failed.
    var failures: [String] { failed.all }

    init(_ cluster: PrivateCluster, _ change: (inout RoutingSettings) -> Void = { _ in }) async throws {
        self.cluster = cluster
        try await cluster.ask(
            "create table if not exists register (id int primary key, value bigint not null)")
        try await cluster.ask("truncate register")
        try await cluster.ask(
            "insert into register select id, 0 from generate_series(0, \(Self.registers - 1)) id")
        set = try await ReplicaSet.open(cluster, tally: tally, change)
    }

    static func with(
        _ cluster: PrivateCluster, _ change: (inout RoutingSettings) -> Void = { _ in },
        _ body: (RegisterStage) async throws -> Void
    ) async throws {
        let stage = try await RegisterStage(cluster, change)
        do {
            try await body(stage)
            await stage.set.close()
        } catch {
            await stage.set.close()
            throw error
        }
    }

    /// Runs `load` for as long as `body` takes.
    func running(
        _ load: Load, _ history: RegisterHistory = RegisterHistory(), _ body: () async throws -> Void
    ) async throws -> RegisterHistory.Findings {
        let run = Task { try await self.run(load, history) }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        run.cancel()
        let findings = try await run.value
        try result.get()
        return findings
    }

    /// Each session writes its register and reads it and those of others, again and again.
    @discardableResult
    func run(
        _ load: Load, _ history: RegisterHistory = RegisterHistory()
    ) async throws -> RegisterHistory.Findings {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in 0..<load.sessions {
                group.addTask {
                    let memory = Consistency()
                    for _ in 0..<load.rounds {
                        do {
                            try await round(session, memory, load, history)
                            if let pause = load.pause { try await Task.sleep(for: pause) }
                        } catch {
                            if Task.isCancelled { return }
                            failed.add("\(error)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return history.findings
    }

    private func round(
        _ session: Int, _ memory: Consistency, _ load: Load, _ history: RegisterHistory
    ) async throws {
        let own = session % Self.registers
        let value = try await Consistency.$current.withValue(memory) { try await increment(own) }
        history.wrote(value, session: session, register: own)
        let afterWrite = memory.all
        for read in 0..<load.reads {
            if let pause = load.pauseOfReads { try await Task.sleep(for: pause) }
            let known =
                switch load.fault {
                case nil: memory
                case .ignoresPosition: Consistency()
                case .forgetsReads: Consistency(afterWrite)
                }
            let register = read.isMultiple(of: 2) ? own : (own + 1) % Self.registers
            let seen = try await Consistency.$current.withValue(known) { try await self.value(of: register) }
            history.read(seen, session: session, register: register)
        }
    }

    func increment(_ register: Int) async throws -> Int {
        try await set.write(.system) { connection in
            let sql = "update register set value = value + 1 where id = \(register) returning value"
            return try (connection as? PostgresTransaction)?.rows(sql).first?.first?.flatMap { Int($0) } ?? -1
        }
    }

    /// The server takes `seconds` to find it.
    func value(of register: Int, after seconds: Int = 0) async throws -> Int {
        let delay: SQLText = seconds == 0 ? "" : " AND pg_sleep(\(seconds))::text IS NOT NULL"
        return try await set.read(.system) { connection in
            try SystemReader(connection: connection, scope: ())
                .first("value", from: Self.table, where: "id = \(register)" + delay) {
                    try $0.next(Int.self)
                } ?? -1
        }
    }

    /// While `body` runs, one replica after the other stops replaying for 0 to 300 ms.
    func withLag<Value: Sendable>(_ body: @Sendable @escaping () async throws -> Value) async throws -> Value
    {
        let lag = Task {
            while !Task.isCancelled {
                for replica in cluster.ports.indices.dropFirst() {
                    try await cluster.askReplica("select pg_wal_replay_pause()", on: replica)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
                    try await cluster.askReplica("select pg_wal_replay_resume()", on: replica)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...50)))
                }
            }
        }
        let result = await Task { try await body() }.result
        lag.cancel()
        // Ends as cancelled, or as what went wrong with lagging, which the findings tell of by then.
        _ = await lag.result
        for replica in cluster.ports.indices.dropFirst() {
            try await cluster.askReplica("select pg_wal_replay_resume()", on: replica)
        }
        return try result.get()
    }
}
