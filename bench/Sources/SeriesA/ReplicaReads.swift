import Kernel
import Postgres
import Relational
import Synchronization

/// Sessions that write once and then read four times what they wrote, over a primary and two replicas: how many reads
/// the replicas answer, beside how many they could.
///
/// The oracle knows at each moment what every replica has replayed, waits for it as long as routing does, and knows
/// beforehand whether waiting helps.
struct ReplicaReads: Scenario {
    let name = "replicas"
    let servers: StageServers
    let duration: Duration

    private static let sessions = 32, readsPerWrite = 4
    private static let mixed = "mixed load"
    /// As `profiles/series-a.yaml` has it.
    private static let store = "main"
    private static let patience = RoutingSettings().replicaPatience

    var arms: [Arm] { [Arm(name: Self.mixed, run: mix)] }

    let rows: [Row] = [
        Row(
            id: "replicas.share", title: "reads that replicas answer, 1 write to 4 reads: routing / oracle",
            value: .ratio(
                .init(arm: mixed, measure: .replicaReads), .init(arm: mixed, measure: .oracleReads))),
        Row(
            id: "replicas.part", title: "reads that replicas answer, of all",
            value: .ratio(.init(arm: mixed, measure: .replicaReads), .init(arm: mixed, measure: .rate))),
    ]

    private func mix() async throws -> Reading {
        let log = ReadLog()
        return try await servers.withDriver(servers.settings(servers.app), observe: log.observe) { driver in
            try await Self.untilWhole(driver, replicas: servers.app.ports.count - 1)
            let watching = servers.app.ports.indices.dropFirst().map { index in
                Task { try await watch(servers.app.server(index)) }
            }
            try await work(Database(driver: driver), log)
            let (reads, served) = (log.taken, log.fromReplicas)
            for task in watching { task.cancel() }
            var tracks: [[ReplayTracks.Point]] = []
            for task in watching { tracks.append(try await task.value) }
            let oracle = ReplayTracks(tracks: tracks).answerable(reads, within: Self.patience)
            guard !reads.isEmpty, oracle > 0 else { throw RunFailure("the replicas replayed nothing") }
            return [
                .rate: Double(reads.count), .replicaReads: Double(served), .oracleReads: Double(oracle),
            ]
        }
    }

    private static func untilWhole(_ driver: PostgresDriver, replicas: Int) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while driver.health?.isServing != true || driver.health?.replicas.count != replicas {
            guard ContinuousClock.now < end else {
                throw RunFailure("not all replicas are of use: \(String(describing: driver.health))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func work(_ database: Database, _ log: ReadLog) async throws {
        let end = ContinuousClock.now + duration
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in 0..<Self.sessions {
                group.addTask {
                    let memory = Consistency()
                    try await Consistency.$current.withValue(memory) {
                        while ContinuousClock.now < end {
                            try await Self.increment(database, session)
                            for _ in 0..<Self.readsPerWrite {
                                log.note(memory.position(in: Self.store))
                                try await Self.read(database, session)
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func increment(_ database: Database, _ session: Int) async throws {
        try await database.writeSystem {
            _ = try $0.update(StageServers.registerTable, set: "value = value + 1", where: "id = \(session)")
        }
    }

    private static func read(_ database: Database, _ session: Int) async throws {
        let found = try await database.readSystem {
            try $0.select("value", from: StageServers.registerTable, where: "id = \(session)") {
                try $0.next(Int.self)
            }
        }
        guard found.count == 1 else { throw RunFailure("register \(session) is missing") }
    }

    /// Asks one replica as fast as it can, until cancelled, how far it has come.
    private func watch(_ replica: PostgresAddress) async throws -> [ReplayTracks.Point] {
        try await servers.withDriver(servers.settings(replica)) { driver in
            let database = Database(driver: driver)
            let here = SystemTable("pg_last_wal_replay_lsn() AS here")
            var track: [ReplayTracks.Point] = []
            while !Task.isCancelled {
                // The last is cut off by the cancellation that ends this.
                let text = try? await database.readSystem {
                    try $0.select("here::text", from: here) { try $0.next(String.self) }
                }
                guard let position = text?.first.flatMap(ReplayTracks.position) else { continue }
                track.append((.now, position))
            }
            return track
        }
    }
}

/// Reads as they began, and who answered.
private final class ReadLog: Sendable {
    private let reads = Mutex<[ReplayTracks.Point]>([])
    private let replicas = Atomic(0)

    func note(_ position: UInt64) {
        let now = ContinuousClock.now
        reads.withLock { $0.append((now, position)) }
    }

    func observe(_ observation: ReplicaObservation) {
        if case .readFromReplica = observation { replicas.add(1, ordering: .relaxed) }
    }

    var taken: [ReplayTracks.Point] { reads.withLock { $0 } }
    var fromReplicas: Int { replicas.load(ordering: .relaxed) }
}
