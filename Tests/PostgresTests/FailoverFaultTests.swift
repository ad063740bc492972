import Foundation
import Kernel
import Logging
import Synchronization
import Testing

@testable import Postgres
@testable import Relational

extension RealReplicas {
    /// A primary that dies under load, a replica that takes over, and the old primary that comes back.
    @Suite(.privateCluster) struct FailoverFaultTests {
        private let cluster: PrivateCluster

        init() throws { cluster = try #require(PrivateCluster.current) }

        private func name(_ server: Int) -> String { "127.0.0.1:\(cluster.ports[server])" }

        /// The replica that has received most: with one synchronous standby of two, it has every acknowledged write,
        /// and the other can follow it. Asked once neither receives any more.
        private func furthestReplica() async throws -> Int {
            for replica in 1...2 {
                let sql = "select count(*) from pg_stat_wal_receiver where status = 'streaming'"
                #expect(try await soon { try await cluster.askReplica(sql, on: replica) == [["0"]] })
            }
            let first = try #require(await received(1))
            let second = try #require(await received(2))
            return first >= second ? 1 : 2
        }

        private func received(_ server: Int) async throws -> UInt64? {
            let rows = try await cluster.askReplica("select pg_last_wal_receive_lsn()", on: server)
            return rows.first?.first?.flatMap { $0 }.flatMap(ReplicaMark.position)
        }

        @Test
        func `acknowledged writes survive the primary, and nothing is written to it when it comes back`()
            async throws
        {
            let tally = ReplicaTally()
            let ledger = try await Ledger.make(cluster)
            let set = try await ReplicaSet.open(cluster, tally: tally)
            let load = Task { try await ledger.write(through: set, writers: 16) }
            #expect(try await soon { ledger.acknowledged > 200 })

            try await cluster.kill(0)
            let heir = try await furthestReplica()
            let other = 3 - heir
            let before = ledger.acknowledged
            let died = ContinuousClock.now
            try await cluster.promote(heir)
            try await cluster.follow(heir, from: other)
            #expect(try await soon { set.primary == name(heir) })
            #expect(try await soon { ledger.acknowledged > before + 200 })
            let recovery = ContinuousClock.now - died
            #expect(try await soon { set.health.replicas == [name(other)] }, "\(set.health)")

            // Back as it was, writable; without its standby it acknowledges nothing, even to who knows no better.
            try await cluster.start(0)
            try await expectNothingAcknowledged(by: 0)
            // Now free to acknowledge alone.
            try await cluster.change("synchronous_standby_names", "", on: 0)
            func leftBehind() async throws -> Int {
                try await ledger.keys(on: 0).count { $0 != Self.unheard }
            }
            let left = try await leftBehind()
            #expect(try await soon { set.health.out[name(0)]?.contains("fenced") == true }, "\(set.health)")
            let fresh = try await ReplicaSet.open(cluster, mustBeWhole: false)
            #expect(fresh.primary == name(heir))
            await fresh.close()
            let meanwhile = ledger.acknowledged
            #expect(try await soon { ledger.acknowledged > meanwhile + 200 })
            load.cancel()
            try await load.value
            #expect(try await leftBehind() == left)

            let keys = try await ledger.keys(on: heir)
            let lost = ledger.acknowledgedKeys.subtracting(keys)
            let report = """
                acknowledged \(ledger.acknowledged), lost \(lost.count), doubled \(keys.count - Set(keys).count), \
                unknown \(ledger.unknown) of which settled \(ledger.settled), failed \(ledger.failed), \
                retried \(tally.counts.writesRetried), writing again \(recovery) after promotion began, \
                \(tally.counts.changes.count) changes
                """
            Logger(label: "failover").notice("\(report)")
            #expect(lost.isEmpty, "\(report)")
            #expect(keys.count == Set(keys).count, "\(report)")
            #expect(ledger.settled == ledger.unknown, "\(report)")
            #expect(ledger.failed == 0, "\(report)")
            try await expectLostPositionsToBeAnswered(set, ledger)
            await set.close()
        }

        /// The entry of writes that a server without its standby may not acknowledge.
        private static let unheard = "x"

        private func expectNothingAcknowledged(by server: Int) async throws {
            let address = ServerAddress(host: "127.0.0.1", port: cluster.ports[server])
            let settings = PostgresSettings(url: cluster.url, statementDeadline: .milliseconds(500))
            let alone = try PostgresServer(
                address: address, settings: settings, placements: TenantPlacements())
            let sql =
                "insert into ledger (tenant_id, id, entry) select gen_random_uuid(), gen_random_uuid(), '\(Self.unheard)'"
            // One that was too slow to come to its commit proves nothing.
            let isInDoubt = try await soon(within: .seconds(120)) {
                let failure = await #expect(throws: Failure.self) {
                    _ = try await alone.write(.system) { connection in
                        _ = try (connection as? PostgresTransaction)?.rows(sql)
                    }
                }
                guard let failure else { return true }
                return failure.code == "outcome_unknown"
            }
            #expect(isInDoubt)
            await alone.close()
        }

        /// A session that saw more than the new history holds is answered, by the primary, and soon.
        private func expectLostPositionsToBeAnswered(_ set: ReplicaSet, _ ledger: Ledger) async throws {
            var times: [Duration] = []
            for _ in 0..<20 {
                let session = Consistency(["main": 1 << 40, "main.x": 1 << 40])
                let start = ContinuousClock.now
                let count = try await Consistency.$current.withValue(session) {
                    try await ledger.count(through: set)
                }
                #expect(count >= ledger.acknowledged)
                times.append(ContinuousClock.now - start)
            }
            // The median, which no pause of the machine moves.
            #expect(times.sorted()[10] < .milliseconds(500), "\(times)")
        }
    }
}

/// Rows that writers add under once-keys, each of which must be there once in the end.
final class Ledger: Sendable {
    private struct State {
        var acknowledged: Set<String> = []
        var unknown = 0
        var settled = 0
        var failed = 0
    }

    private static let table = TenantTable("ledger")
    private let cluster: PrivateCluster
    private let state = Mutex(State())

    var acknowledged: Int { state.withLock { $0.acknowledged.count } }
    var acknowledgedKeys: Set<String> { state.withLock { $0.acknowledged } }
    /// Writes that were answered with "it may have happened".
    var unknown: Int { state.withLock { $0.unknown } }
    /// Those of which the same key told later.
    var settled: Int { state.withLock { $0.settled } }
    var failed: Int { state.withLock { $0.failed } }

    static func make(_ cluster: PrivateCluster) async throws -> Ledger {
        try await cluster.ask(
            "create table ledger (tenant_id uuid, id uuid primary key, entry text not null)")
        try await cluster.ask(
            """
            create table applied (tenant_id uuid, scope text, key text, digest text, result bytea, created_at bigint,
            constraint applied_pkey primary key (tenant_id, scope, key))
            """)
        return Ledger(cluster)
    }

    private init(_ cluster: PrivateCluster) { self.cluster = cluster }

    /// Adds rows until it is cancelled; every key that was begun is settled before it returns.
    func write(through set: ReplicaSet, writers: Int) async throws {
        let database = Database(driver: ReplicaSetDriver(set: set))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<writers {
                // Each its own tenant: writes of one tenant take turns, and few would be committing when it matters.
                let tenant = TenantID()
                group.addTask { while !Task.isCancelled { await self.add(to: database, tenant) } }
            }
        }
    }

    private func add(to database: Database, _ tenant: TenantID) async {
        let key = UUIDv7().description
        var isUnknown = false
        // Not in the cancelled task itself: what was begun is seen through.
        await Task {
            for _ in 0..<20 {
                do {
                    try await insert(key, tenant, database)
                    state.withLock { state in
                        state.acknowledged.insert(key)
                        if isUnknown { state.settled += 1 }
                    }
                    return
                } catch {
                    let code = (error as? Failure)?.code
                    if code == "outcome_unknown", !isUnknown {
                        isUnknown = true
                        state.withLock { $0.unknown += 1 }
                    }
                    // Ends early only when cancelled, which this task is not.
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            state.withLock { $0.failed += 1 }
        }.value
    }

    private func insert(_ key: String, _ tenant: TenantID, _ database: Database) async throws {
        let context = WriteContext(tenant: tenant, once: OnceKey(scope: "ledger", key: key))
        _ = try await database.write(context) { transaction in
            try transaction.rows.insert(into: Self.table, ["id": UUIDv7(), "entry": key])
            return true
        }
    }

    func count(through set: ReplicaSet) async throws -> Int {
        try await Database(driver: ReplicaSetDriver(set: set)).readSystem { reader in
            try reader.first("count(*)", from: SystemTable("ledger")) { try $0.next(Int.self) } ?? 0
        }
    }

    /// As a server has them by itself.
    func keys(on server: Int) async throws -> [String] {
        try await cluster.askReplica("select entry from ledger", on: server).compactMap {
            $0.first.flatMap { $0 }
        }
    }
}

/// A set of servers as an engine.
struct ReplicaSetDriver: SQLDriver {
    let set: ReplicaSet
    var dialect: SQLDialect { .postgres }

    func read<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await set.read(scope, body)
    }

    func write<Value: Sendable>(
        _ scope: SQLScope, _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await set.write(scope, body)
    }

    func close() async { await set.close() }
}
