import Kernel
import Synchronization

@testable import Postgres

/// How many reads replicas answered, beside how many an oracle would have given them that knows at each moment what
/// every replica has replayed.
struct ReplicaShare: Sendable {
    let reads: Int
    let fromReplicas: Int
    /// Reads that began when a replica had all that they had to see.
    let atOnce: Int
    /// Reads for which a replica had it within the patience that routing has.
    let oracle: Int

    /// Of what the oracle gives them, which waits as long as routing does and knows how long it must.
    var ratio: Double { oracle == 0 ? 1 : Double(fromReplicas) / Double(oracle) }

    /// A server's replayed position at moments in order of time.
    private typealias Track = [(time: ContinuousClock.Instant, position: UInt64)]

    private final class Reads: Sendable {
        private let all = Mutex<[(time: ContinuousClock.Instant, position: UInt64)]>([])

        func note(_ position: UInt64) {
            let now = ContinuousClock.now
            all.withLock { $0.append((now, position)) }
        }

        var taken: [(time: ContinuousClock.Instant, position: UInt64)] { all.withLock { $0 } }
    }

    /// Runs `sessions` that each write once and then read `readsPerWrite` times, `rounds` times.
    static func measure(
        _ stage: RegisterStage, sessions: Int = 32, rounds: Int, readsPerWrite: Int = 4
    ) async throws -> ReplicaShare {
        let reads = Reads()
        let before = stage.tally.counts
        let watchers = stage.cluster.ports.indices.dropFirst().map { replica in
            Task { try await watch(stage.cluster.consoles[replica]) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in 0..<sessions {
                group.addTask {
                    let memory = Consistency()
                    try await Consistency.$current.withValue(memory) {
                        for _ in 0..<rounds {
                            _ = try await stage.increment(session)
                            for _ in 0..<readsPerWrite {
                                reads.note(memory.position(in: "main"))
                                _ = try await stage.value(of: session)
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let served = stage.tally.counts.replica - before.replica
        for watcher in watchers { watcher.cancel() }
        var tracks: [Track] = []
        for watcher in watchers { tracks.append(try await watcher.value) }
        let taken = reads.taken
        func able(after patience: Duration) -> Int {
            taken.count { read in
                tracks.contains { position($0, at: read.time + patience) >= read.position }
            }
        }
        let patience = stage.set.settings.routing.replicaPatience
        return ReplicaShare(
            reads: taken.count, fromReplicas: served, atOnce: able(after: .zero),
            oracle: able(after: patience))
    }

    /// Asks as fast as it can until it is cancelled.
    private static func watch(_ console: PostgresServer) async throws -> Track {
        var track: Track = []
        while !Task.isCancelled {
            // The last is cut off by the cancellation that ends this.
            guard let mark = try? await console.probe(within: .seconds(1)) else { continue }
            track.append((.now, mark.position))
        }
        return track
    }

    private static func position(_ track: Track, at time: ContinuousClock.Instant) -> UInt64 {
        var low = 0
        var high = track.count
        while low < high {
            let middle = (low + high) / 2
            if track[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? track[low - 1].position : 0
    }
}
