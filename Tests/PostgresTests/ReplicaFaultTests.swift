import Foundation
import Kernel
import Logging
import Synchronization
import Testing

@testable import Postgres

/// Real servers that tests make lag, kill and promote.
@Suite(.serialized, .enabled(if: PrivateCluster.isAvailable, "needs the programs of Postgres 15"))
enum RealReplicas {}

extension RealReplicas {
    /// Reads on replicas that lag, die and return.
    @Suite(.privateCluster) struct ReplicaFaultTests {
        /// Several hundred thousand pairs rather than some ten thousand.
        private static let isLong = ProcessInfo.processInfo.environment["CLOUDSTREAM_LONG_TESTS"] == "1"
        private let cluster: PrivateCluster

        init() throws { cluster = try #require(PrivateCluster.current) }

        private func name(_ server: Int) -> String { "127.0.0.1:\(cluster.ports[server])" }

        @Test func `no session reads stale or goes back while replicas lag by turns`() async throws {
            try await RegisterStage.with(cluster) { stage in
                let start = ContinuousClock.now
                let load = RegisterStage.Load(rounds: Self.isLong ? 400 : 40)
                let findings = try await stage.withLag { try await stage.run(load) }
                let report = "\(findings) \(stage.tally.counts) in \(ContinuousClock.now - start)"
                Logger(label: "pairs").notice("\(report)")
                #expect(findings.staleOwnReads == 0 && findings.readsThatWentBack == 0, "\(report)")
                #expect(findings.ownReads > (Self.isLong ? 100_000 : 10_000), "\(report)")
                #expect(findings.repeatedReads > (Self.isLong ? 100_000 : 10_000), "\(report)")
                #expect(stage.tally.counts.replica > stage.tally.counts.primary, "\(report)")
                #expect(stage.failures == [])
            }
        }

        @Test func `replicas answer nearly all the reads that they could`() async throws {
            try await RegisterStage.with(cluster) { stage in
                let calm = try await ReplicaShare.measure(stage, rounds: 40)
                let lagging = try await stage.withLag { try await ReplicaShare.measure(stage, rounds: 40) }
                Logger(label: "share").notice(
                    "calm \(calm) \(calm.ratio), lagging \(lagging) \(lagging.ratio)")
                #expect(calm.ratio >= 0.9, "\(calm)")
                #expect(lagging.ratio >= 0.8, "\(lagging)")
            }
        }

        @Test(arguments: RegisterStage.Fault.allCases)
        func `the checker finds a routing that forgets`(fault: RegisterStage.Fault) async throws {
            try await RegisterStage.with(cluster) { stage in
                let load = RegisterStage.Load(sessions: 32, pauseOfReads: .milliseconds(5), fault: fault)
                let history = RegisterHistory()
                let isFound = try await stage.withLag {
                    let isFound = Mutex(false)
                    _ = try await stage.running(load, history) {
                        let found = try await soon {
                            let findings = history.findings
                            let isStale = findings.staleOwnReads > 0 || fault != .ignoresPosition
                            return isStale && findings.readsThatWentBack > 0
                        }
                        isFound.withLock { $0 = found }
                    }
                    return isFound.withLock { $0 }
                }
                #expect(isFound, "\(history.findings)")
            }
        }

        @Test func `a replica that is long behind is left out, and comes back`() async throws {
            try await RegisterStage.with(cluster, { $0.maximumLag = .seconds(1) }) { stage in
                try await cluster.change("recovery_min_apply_delay", "3s", on: 1)
                // Nobody lags where nothing is written.
                let findings = try await stage.running(
                    RegisterStage.Load(sessions: 8, pause: .milliseconds(30))
                ) {
                    #expect(try await soon { stage.set.health.out[name(1)] == "lags" })
                    #expect(stage.set.health.isServing)
                    try await cluster.change("recovery_min_apply_delay", "0", on: 1)
                    #expect(try await soon { stage.set.health.out.isEmpty })
                }
                #expect(findings.staleOwnReads == 0 && findings.readsThatWentBack == 0)
                #expect(stage.failures == [])
            }
        }

        /// Replicas show a commit while the primary still waits for the standby that must confirm it.
        @Test func `the primary's answer is held back while it hides what a replica has shown`() async throws
        {
            let patient: (inout RoutingSettings) -> Void = {
                $0.doubtPatience = .seconds(30)
                $0.failoverPatience = .seconds(60)
            }
            try await RegisterStage.with(cluster, patient) { stage in
                let before = try await stage.value(of: 0)
                try await cluster.change("synchronous_standby_names", "FIRST 1 (nobody)", on: 0)
                // Until its senders have read that, they would release the commit.
                let named = "select count(*) from pg_stat_replication where sync_priority > 0"
                #expect(try await soon { try await cluster.ask(named) == [["0"]] })
                let write = Task { try await stage.increment(0) }
                let session = Consistency()
                let isShown = try await Consistency.$current.withValue(session) {
                    try await soon { try await stage.value(of: 0) == before + 1 }
                }
                #expect(isShown)
                // A read that knows nothing of it finds the primary behind.
                #expect(try await stage.value(of: 0) == before)
                let release = Task {
                    try await Task.sleep(for: .milliseconds(100))
                    try await cluster.change("synchronous_standby_names", "", on: 0)
                }
                let onPrimary = session.merged(with: nil, readsPrimary: true)
                let seen = try await Consistency.$current.withValue(onPrimary) {
                    try await stage.value(of: 0)
                }
                #expect(seen == before + 1)
                #expect(stage.tally.counts.doubtful == 0)
                try await release.value
                _ = try await write.value
                try await cluster.change("synchronous_standby_names", "ANY 1 (n1, n2)", on: 0)
            }
        }

        @Test func `a replica that is killed costs no read, and comes back`() async throws {
            try await RegisterStage.with(cluster) { stage in
                let findings = try await stage.running(
                    RegisterStage.Load(sessions: 16, pause: .milliseconds(20))
                ) {
                    #expect(try await soon { stage.tally.counts.replica > 500 })
                    let slow = (0..<2).map { register in
                        Task {
                            while stage.set.health.out[name(2)] != "does not answer" {
                                let value = try await Consistency.$current.withValue(Consistency()) {
                                    try await stage.value(of: register, after: 1)
                                }
                                #expect(value >= 0)
                            }
                        }
                    }
                    let asleep = "select 1 from pg_stat_activity where wait_event = 'PgSleep'"
                    #expect(try await soon { try await !cluster.askReplica(asleep, on: 2).isEmpty })
                    try await cluster.kill(2)
                    for reader in slow { try await reader.value }
                    #expect(try await soon { stage.set.health.out[name(2)] == "does not answer" })
                    #expect(try await soon { stage.set.health.replicas == [name(1)] })
                    try await cluster.start(2)
                    #expect(try await soon { stage.set.health.out.isEmpty })
                }
                let changes = stage.tally.counts.changes
                #expect(stage.tally.counts.detours > 0)
                #expect(stage.failures == [])
                #expect(findings.staleOwnReads == 0 && findings.readsThatWentBack == 0)
                #expect(
                    changes.contains(.ejected(server: name(2)))
                        && changes.contains(.returned(server: name(2))))
            }
        }

        @Test func `a replica that stands still with its connections open costs no read either`() async throws
        {
            try await RegisterStage.with(cluster) { stage in
                let findings = try await stage.running(
                    RegisterStage.Load(sessions: 16, pause: .milliseconds(20))
                ) {
                    #expect(try await soon { stage.tally.counts.replica > 500 })
                    try await cluster.pause(1)
                    #expect(try await soon { stage.set.health.out[name(1)] != nil })
                    let served = stage.tally.counts.replica
                    #expect(try await soon { stage.tally.counts.replica > served + 1000 })
                    try await cluster.resume(1)
                    #expect(try await soon { stage.set.health.out.isEmpty })
                }
                #expect(stage.failures == [])
                #expect(findings.staleOwnReads == 0 && findings.readsThatWentBack == 0)
            }
        }
    }
}

/// Looks again and again until `condition` holds; false if it still does not after `limit`.
func soon(within limit: Duration = .seconds(120), _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
